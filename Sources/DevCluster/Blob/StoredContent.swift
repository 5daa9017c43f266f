import HTTPTransport

/// Bytes that a local service keeps: in memory, or as a file.
enum StoredContent: Sendable {
    case bytes([UInt8])
    case file(path: String, size: Int64)

    /// How many bytes there are.
    var size: Int64 {
        switch self {
        case .bytes(let bytes): Int64(bytes.count)
        case .file(_, let size): size
        }
    }

    /// The file, if this is one.
    var path: String? {
        if case .file(let path, _) = self { path } else { nil }
    }

    /// The bytes of `range`, or all, piece by piece.
    ///
    /// A file is opened at the first pull: one that is replaced meanwhile is still read to its end, and one that was
    /// cut short ends the body with `closed`.
    func chunks(_ range: Range<Int64>? = nil) -> HTTPBodyChunks {
        let range = range ?? 0..<size
        switch self {
        case .bytes(let bytes):
            let bounds = Int(clamping: range.lowerBound)..<Int(clamping: range.upperBound)
            return HTTPBodyChunks {
                var next = bounds.lowerBound
                return {
                    guard next < bounds.upperBound else { return nil }
                    let end = min(next + LocalFile.pieceSize, bounds.upperBound)
                    defer { next = end }
                    return Array(bytes[next..<end])
                }
            }
        case .file(let path, _):
            return HTTPBodyChunks {
                var file: LocalFile?
                var next = range.lowerBound
                return {
                    guard next < range.upperBound else { return nil }
                    let open: LocalFile
                    if let file { open = file } else { open = try LocalFile.reading(path) }
                    file = open
                    let count = Int(min(Int64(LocalFile.pieceSize), range.upperBound - next))
                    let piece = try open.read(at: next, count: count)
                    guard !piece.isEmpty else { throw HTTPTransportError(.closed, "\(path) was cut short") }
                    next += Int64(piece.count)
                    return piece
                }
            }
        }
    }
}
