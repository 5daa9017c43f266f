import Artifacts
import ObjectStorage

/// The files of a tar archive: where each begins, and how long it is. Pure, but for the reads that it is given.
///
/// Reads POSIX ustar, pax records and GNU's long names. An archive comes from outside and is believed nothing: a path that
/// leaves its folder, a link, a device, a sparse file, a header that is damaged or a name that comes twice makes all of
/// it unusable, so that nothing is ever written but plain files below one folder.
struct TarIndex: Sendable {
    /// One file.
    struct Entry: Sendable, Hashable {
        /// Its path: relative, without `.` and `..`.
        var path: String
        /// Where its bytes begin in the archive.
        var offset: Int64
        /// How many they are.
        var size: Int64
    }

    /// Why an archive is not unpacked; ends a sentence that begins with the archive.
    struct Unusable: Error, Sendable, Hashable {
        var reason: String
    }

    /// The files, in the archive's order.
    private(set) var entries: [Entry] = []

    private static let blockSize: Int64 = 512
    private static let maximumRecordBytes: Int64 = 1 << 20

    /// Reads all headers.
    /// - Parameters:
    ///   - size: how many bytes the archive has.
    ///   - read: the bytes at an offset; exactly as many as asked for.
    init<Failure: Error>(
        size: Int64,
        reading read: (_ offset: Int64, _ count: Int) throws(Failure) -> [UInt8]
    ) throws {
        var offset: Int64 = 0
        var overrides = Overrides()
        var paths: Set<String> = []
        while offset + Self.blockSize <= size {
            let block = try read(offset, Int(Self.blockSize))
            offset += Self.blockSize
            guard block.contains(where: { $0 != 0 }) else { break }
            let header = try Header(block)
            let length = header.hasContent ? overrides.size ?? header.size : 0
            guard length >= 0, length <= size - offset else {
                throw Unusable(reason: "an entry is longer than the archive")
            }
            switch header.type {
            case "x", "g", "L", "K":
                guard length <= Self.maximumRecordBytes else {
                    throw Unusable(reason: "a record of its names has \(length) bytes")
                }
                let bytes = try read(offset, Int(length))
                // Global records and targets of links say nothing of files.
                if header.type == "x" { try overrides.addRecords(bytes) }
                if header.type == "L" { overrides.path = try Self.text(bytes.prefix { $0 != 0 }) }
            default:
                let path = try overrides.path ?? header.path
                overrides = Overrides()
                if let file = try Self.file(path, header.type) {
                    guard paths.insert(file).inserted else {
                        throw Unusable(reason: "it holds \"\(file.clipped)\" twice")
                    }
                    guard entries.count < VersionContents.maximumFiles else {
                        throw Unusable(reason: "it holds more than \(VersionContents.maximumFiles) files")
                    }
                    entries.append(Entry(path: file, offset: offset, size: length))
                }
            }
            // The last block of an archive that was cut there is padded by nobody.
            let padded = (length + Self.blockSize - 1) / Self.blockSize * Self.blockSize
            offset += padded
        }
        if let (file, folder) = SafePath.collision(among: entries.map(\.path)) {
            throw Unusable(reason: "\"\(file.clipped)\" is a file, and a folder in \"\(folder.clipped)\"")
        }
    }

    /// The path of a file; nil for a folder. Throws for everything else.
    private static func file(_ name: String, _ type: Character) throws(Unusable) -> String? {
        var path = name[...]
        while path.hasPrefix("./") { path = path.dropFirst(2) }
        switch type {
        case "5": return nil
        case "0", "7":
            if path.hasSuffix("/") || path.isEmpty || path == "." { return nil }
            guard SafePath.isSafe(String(path)) else {
                throw Unusable(reason: "\"\(name.clipped)\" is no name below a folder")
            }
            return String(path)
        case "1", "2": throw Unusable(reason: "\"\(name.clipped)\" is a link; pack the file that it points to")
        default: throw Unusable(reason: "\"\(name.clipped)\" is neither a file nor a folder")
        }
    }

    private static func text(_ bytes: some Sequence<UInt8>) throws(Unusable) -> String {
        guard let text = String(validating: Array(bytes), as: UTF8.self) else {
            throw Unusable(reason: "a name in it is not UTF-8")
        }
        return text
    }

    /// What records before a header say instead of it (POSIX.1-2017, pax: extended headers).
    private struct Overrides {
        var path: String?
        var size: Int64?

        /// `LENGTH key=value\n`, where the length counts itself.
        mutating func addRecords(_ bytes: [UInt8]) throws(Unusable) {
            var rest = bytes[...]
            while !rest.isEmpty {
                let digits = rest.prefix { $0 != 0x20 }
                guard let length = Int(String(decoding: digits, as: UTF8.self)), length > digits.count + 1,
                    length <= rest.count, rest[rest.startIndex + length - 1] == 0x0A
                else { throw Unusable(reason: "a pax record is damaged") }
                let record = rest[(rest.startIndex + digits.count + 1)..<(rest.startIndex + length - 1)]
                rest = rest.dropFirst(length)
                let key = String(decoding: record.prefix { $0 != 0x3D }, as: UTF8.self)
                let value = record.dropFirst(key.utf8.count + 1)
                if key.hasPrefix("GNU.sparse") { throw Unusable(reason: "it holds a sparse file") }
                if key == "path" { path = try TarIndex.text(value) }
                if key == "size" {
                    guard let number = Int64(String(decoding: value, as: UTF8.self)), number >= 0 else {
                        throw Unusable(reason: "a pax record is damaged")
                    }
                    size = number
                }
            }
        }
    }

    /// One block that describes an entry.
    private struct Header {
        var type: Character
        var size: Int64
        private let name: [UInt8]

        /// Checks the sum, which tells a header from anything else.
        init(_ block: [UInt8]) throws(Unusable) {
            var sum: Int64 = 0
            for (index, byte) in block.enumerated() { sum += (148..<156).contains(index) ? 0x20 : Int64(byte) }
            guard let told = Self.number(block[148..<156]), told == sum, let size = Self.number(block[124..<136]) else {
                throw Unusable(reason: "it is damaged, or no tar archive")
            }
            self.size = size
            // Before POSIX a file had a zero byte.
            type = block[156] == 0 ? "0" : Character(UnicodeScalar(block[156]))
            let name = Array(block[0..<100].prefix { $0 != 0 })
            let prefix = Array(block[345..<500].prefix { $0 != 0 })
            // GNU's own format has other things where ustar has the prefix.
            let isPOSIX = Array(block[257..<263]) == Array("ustar\u{0}".utf8)
            self.name = isPOSIX && !prefix.isEmpty ? prefix + [0x2F] + name : name
        }

        var path: String { get throws(Unusable) { try TarIndex.text(name) } }

        /// Whether bytes follow: folders and links have sizes in some archives, and no bytes.
        var hasContent: Bool { !["1", "2", "3", "4", "5", "6"].contains(type) }

        /// Octal digits between spaces and zeros, or with the first bit set a binary number (GNU).
        private static func number(_ field: ArraySlice<UInt8>) -> Int64? {
            guard let first = field.first else { return nil }
            if first & 0x80 != 0 {
                guard first == 0x80 else { return nil }
                var value: Int64 = 0
                for byte in field.dropFirst() {
                    let (shifted, overflow) = value.multipliedReportingOverflow(by: 256)
                    guard !overflow else { return nil }
                    value = shifted + Int64(byte)
                }
                return value >= 0 ? value : nil
            }
            let digits = field.drop { $0 == 0x20 }.prefix { $0 != 0 && $0 != 0x20 }
            if digits.isEmpty { return 0 }
            return Int64(String(decoding: digits, as: UTF8.self), radix: 8).flatMap { $0 >= 0 ? $0 : nil }
        }
    }
}
