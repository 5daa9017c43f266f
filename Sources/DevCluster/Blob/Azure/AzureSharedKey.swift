import Crypto
import HTTPTypes

/// The signature of a request with an account's key (Azure Storage: Authorize with Shared Key, version 2015-02-21 and
/// later).
enum AzureSharedKey {
    /// The text that is signed.
    static func stringToSign(_ request: HTTPRequest, _ target: RequestTarget, account: String) -> String {
        func field(_ name: HTTPField.Name) -> String { request.headerFields[name] ?? "" }
        let length = field(.contentLength)
        let lines = [
            request.method.rawValue, field(.contentEncoding), field(.contentLanguage), length == "0" ? "" : length,
            field(.contentMD5), field(.contentType), request.headerFields[.azureDate] == nil ? field(.date) : "",
            field(.ifModifiedSince), field(.ifMatch), field(.ifNoneMatch), field(.ifUnmodifiedSince), field(.range),
        ]
        return lines.joined(separator: "\n") + "\n" + canonicalHeaders(request.headerFields)
            + canonicalResource(target, account: account)
    }

    /// The signature of `text`, Base64.
    static func sign(_ text: String, key: [UInt8]) -> String {
        HMAC<SHA256>.authenticationCode(for: Array(text.utf8), using: SymmetricKey(data: key)).map { $0 }.base64
    }

    private static func canonicalHeaders(_ fields: HTTPFields) -> String {
        var values: [String: String] = [:]
        for field in fields where field.name.canonicalName.hasPrefix("x-ms-") {
            let name = field.name.canonicalName
            values[name] = values[name].map { $0 + "," + field.value } ?? field.value
        }
        return values.sorted { precedes($0.key, $1.key) }.map { "\($0.key):\($0.value.trimmingSpaces)\n" }.joined()
    }

    private static func canonicalResource(_ target: RequestTarget, account: String) -> String {
        let names = Set(target.query.map { $0.name.lowercased() })
        let lines = names.sorted().map { name in
            let values = target.query.filter { $0.name.lowercased() == name }.map(\.value).sorted()
            return "\n\(name):\(values.joined(separator: ","))"
        }
        return "/\(account)\(target.rawPath)" + lines.joined()
    }

    /// The order of header names that the service signs in: that of a culture, in which a hyphen counts only between
    /// names that are equal without it (azure-storage-blob: `_storage_header_sort`).
    static func precedes(_ left: String, _ right: String) -> Bool {
        func weights(_ text: String) -> [UInt8] {
            // The underscore comes before digits and letters, unlike in ASCII.
            text.utf8.filter { $0 != UInt8(ascii: "-") }.map { $0 == UInt8(ascii: "_") ? 1 : $0 }
        }
        let (first, second) = (weights(left), weights(right))
        if first != second { return first.lexicographicallyPrecedes(second) }
        for (one, other) in zip(left.utf8, right.utf8) where one != other { return other == UInt8(ascii: "-") }
        return left.utf8.count < right.utf8.count
    }
}
