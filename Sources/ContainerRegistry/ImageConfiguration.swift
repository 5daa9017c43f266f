public import Artifacts
import JSON

/// What this project reads of an image's configuration (OCI image-spec: config).
public struct ImageConfiguration: Sendable, Hashable {
    /// What the image runs on; nil where nothing usable is said.
    public var platform: Platform?
    /// When the image says it was built. Reproducible builds say 1970.
    public var created: Timestamp?
    /// The labels.
    public var labels: [String: String]

    /// Reads a configuration. Throws where it is not a JSON object.
    public init(parsing bytes: [UInt8], about subject: String) throws(RegistryError) {
        let document: JSONValue
        do {
            document = try JSONValue(parsing: bytes)
        } catch {
            throw RegistryError(malformed: error, about: subject)
        }
        guard case .object = document else {
            throw RegistryError(.malformedAnswer, "\(subject): the configuration is not an object")
        }
        platform = Platform(json: document)
        created = document["created"]?.string.flatMap { try? Timestamp(rfc3339: $0) }
        labels = document["config"]?["Labels"].map(stringMembers) ?? [:]
    }
}
