public import JSON

/// One event of a watch.
public enum WatchEvent<Object: KubernetesObject>: Sendable {
    /// The object exists now.
    case added(Object)
    /// The object changed.
    case modified(Object)
    /// The object is gone; this is its last state.
    case deleted(Object)
    /// Nothing changed up to this version; ends the initial events of a WatchList where so marked.
    case bookmark(resourceVersion: String, initialEventsEnd: Bool)
    /// The watch cannot go on.
    case error(KubernetesStatus)
    /// An object that could not be decoded; the watch goes on.
    case undecodable(UndecodableObject, isDeletion: Bool)
    /// A type of event that this client does not know (client-go: logged and ignored).
    case unknown(type: String)

    /// Reads one line of a watch. Throws where the line is not an event at all.
    public init(parsing line: [UInt8]) throws(JSONError) {
        var reader = JSONReader(line)
        var type = ""
        var object: Range<Int>?
        try reader.readObject { reader, key throws(JSONError) in
            if key.equals("type") {
                type = try reader.readString()
            } else if key.equals("object") {
                object = try reader.readRange()
            } else {
                try reader.skip()
            }
        }
        try reader.finish()
        guard let object else { throw JSONError("a watch event without an object") }
        switch type {
        case "ADDED", "MODIFIED", "DELETED":
            // client-go: an event of another kind is logged and ignored.
            if let kind = Self.kind(line, object), kind != Object.resource.kind {
                self = .unknown(type: "\(type) of kind \(kind)")
                return
            }
            switch UndecodableObject.decode(Object.self, line, object) {
            case .success(let object):
                self = type == "ADDED" ? .added(object) : type == "MODIFIED" ? .modified(object) : .deleted(object)
            case .failure(let object): self = .undecodable(object, isDeletion: type == "DELETED")
            }
        case "BOOKMARK":
            var reader = JSONReader(line, range: object)
            let metadata = try JSONValue.read(from: &reader)["metadata"]
            self = .bookmark(
                resourceVersion: metadata?["resourceVersion"]?.string ?? "",
                initialEventsEnd: metadata?["annotations"]?["k8s.io/initial-events-end"]?.string == "true"
            )
        case "ERROR":
            var reader = JSONReader(line, range: object)
            self = .error(try KubernetesStatus.read(from: &reader))
        default: self = .unknown(type: type)
        }
    }

    /// The `kind` of an object; servers write it first, so reading stops there.
    private static func kind(_ line: [UInt8], _ object: Range<Int>) -> String? {
        var kind: String?
        var reader = JSONReader(line, range: object)
        try? reader.readObject { reader, key throws(JSONError) in
            guard key.equals("kind") else { return try reader.skip() }
            kind = try reader.readString()
            throw JSONError("found")
        }
        return kind
    }
}

/// Splits a stream of chunks into the lines of a watch (apimachinery `streamwatcher.go`, kube-rs `request_events`).
///
/// Chunks may be cut anywhere, inside a character too. A last line without its end is a cut connection, not an event.
public struct WatchLineSplitter: Sendable {
    /// The longest line that is accepted; etcd refuses objects of more than 1.5 MiB.
    public static let maximumLineLength = 8 << 20

    private var partial: [UInt8] = []

    /// A splitter at the start of a stream.
    public init() {}

    /// The lines that `chunk` completes, without their line ends; empty lines are dropped.
    public mutating func lines(in chunk: [UInt8]) throws(JSONError) -> [[UInt8]] {
        var lines: [[UInt8]] = []
        var start = 0
        while let end = chunk[start...].firstIndex(of: 0x0A) {
            let piece = chunk[start..<end]
            let line = partial.isEmpty ? Array(piece) : partial + piece
            partial = []
            guard line.count <= Self.maximumLineLength else { throw tooLong }
            if !line.allSatisfy({ $0 == 0x20 || $0 == 0x0D || $0 == 0x09 }) { lines.append(line) }
            start = end + 1
        }
        if start < chunk.count { partial += chunk[start...] }
        guard partial.count <= Self.maximumLineLength else { throw tooLong }
        return lines
    }

    private var tooLong: JSONError {
        JSONError("a watch event is longer than \(Self.maximumLineLength >> 20) MiB")
    }
}
