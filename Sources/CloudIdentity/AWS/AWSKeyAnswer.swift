import Artifacts
import CExpat
import JSON

/// A temporary key as AWS's services give it out.
struct AWSKeyAnswer: Sendable {
    let key: AWSAccessKey
    /// When it ends; nil where the service does not say.
    let expires: Timestamp?

    /// The JSON of the container agents and the instance metadata service; nil where it holds no key.
    init?(json: [UInt8]) {
        guard let document = try? JSONValue(parsing: json), (document["Code"]?.string ?? "Success") == "Success" else {
            return nil
        }
        self.init(
            document["AccessKeyId"]?.string,
            document["SecretAccessKey"]?.string,
            document["Token"]?.string,
            document["Expiration"]?.string
        )
    }

    /// The XML of `AssumeRoleWithWebIdentity`; nil where it holds no key.
    init?(xml: [UInt8]) {
        let values = STSDocument.leaves(of: xml)
        self.init(values["AccessKeyId"], values["SecretAccessKey"], values["SessionToken"], values["Expiration"])
    }

    private init?(_ id: String?, _ secret: String?, _ token: String?, _ expiration: String?) {
        func isSafe(_ text: String) -> Bool { SecretText(text).isHeaderSafe }
        guard let id, let secret, isSafe(id), isSafe(secret), token.map(isSafe) ?? true else { return nil }
        key = AWSAccessKey(id: id, secret: secret, sessionToken: token)
        expires = expiration.flatMap { try? Timestamp(rfc3339: $0) }
    }

    /// How long the key is good, at most six hours; a quarter of an hour where nothing is said.
    func life(from now: Timestamp) -> Duration {
        guard let expires else { return .seconds(900) }
        return min(max(expires - now, .zero), .seconds(21_600))
    }
}

/// The answers of AWS's Security Token Service: small XML documents of which only the leaves count.
enum STSDocument {
    private final class Reader {
        var values: [String: String] = [:]
        var text: [UInt8] = []
        var depth = 0
        var isBroken = false

        static func from(_ context: UnsafeMutableRawPointer?) -> Reader? {
            context.map { Unmanaged<Reader>.fromOpaque($0).takeUnretainedValue() }
        }
    }

    /// The texts of elements by their names, the first of each; empty where the document is broken. A document type
    /// declaration makes it so: no entity is ever expanded.
    static func leaves(of document: [UInt8]) -> [String: String] {
        guard document.count <= 64 << 10, let parser = XML_ParserCreate("UTF-8") else { return [:] }
        defer { XML_ParserFree(parser) }
        let reader = Reader()
        return withExtendedLifetime(reader) {
            XML_SetUserData(parser, Unmanaged.passUnretained(reader).toOpaque())
            XML_SetElementHandler(
                parser,
                { context, _, _ in
                    guard let reader = Reader.from(context) else { return }
                    reader.depth += 1
                    if reader.depth > 16 { reader.isBroken = true }
                    reader.text = []
                },
                { context, name in
                    guard let reader = Reader.from(context), let name else { return }
                    reader.depth -= 1
                    let key = String(cString: name)
                    if reader.values[key] == nil { reader.values[key] = String(decoding: reader.text, as: UTF8.self) }
                    reader.text = []
                }
            )
            XML_SetCharacterDataHandler(parser) { context, bytes, count in
                guard let reader = Reader.from(context), let bytes else { return }
                reader.text.append(contentsOf: UnsafeRawBufferPointer(start: bytes, count: Int(count)))
            }
            XML_SetStartDoctypeDeclHandler(parser) { context, _, _, _, _ in Reader.from(context)?.isBroken = true }
            let status = document.withUnsafeBytes { buffer in
                XML_Parse(
                    parser,
                    buffer.baseAddress?.assumingMemoryBound(to: CChar.self),
                    Int32(buffer.count),
                    1
                )
            }
            return status == XML_STATUS_OK && !reader.isBroken ? reader.values : [:]
        }
    }
}
