import Artifacts
public import JSON
public import KubernetesAPI

/// A length of time in the custom resource, written as Go does: `90s`, `5m`, `1h30m`.
public struct Period: APIValue, CustomStringConvertible {
    /// The length.
    public var duration: Duration

    /// A period of that length.
    public init(_ duration: Duration) { self.duration = duration }

    /// Reads a Go duration.
    public static func read(from reader: inout JSONReader) throws(JSONError) -> Period {
        let offset = reader.offset
        let text = try reader.readString()
        do throws(ArtifactError) {
            return Period(try Duration(goText: text))
        } catch {
            throw JSONError(error.message, offset: offset)
        }
    }

    /// The shortest form.
    public var description: String { duration.goText }
    /// The shortest form.
    public var json: JSONValue { .string(description) }

    /// A string in Go's form.
    public static var schema: OpenAPISchema {
        var schema = OpenAPISchema(.string)
        // Stays below what `Duration(goText:)` reads, so that a stored object always decodes.
        schema.pattern =
            "^([0-9]{1,5}(\\.[0-9]{1,9})?h)?([0-9]{1,6}(\\.[0-9]{1,9})?m)?([0-9]{1,8}(\\.[0-9]{1,9})?s)?"
            + "([0-9]{1,9}(\\.[0-9]{1,9})?ms)?$"
        schema.minLength = 1
        schema.maxLength = 64
        return schema
    }
}
