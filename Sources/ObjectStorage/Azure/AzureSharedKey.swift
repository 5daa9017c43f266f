import Artifacts
import Crypto
import FoundationEssentials
import HTTPTransport
import HTTPTypes

/// The Shared Key signature of Azure Storage (REST API, "Authorize with Shared Key", version 2015-02-21 and later).
///
/// Pure: the same request gives the same signature. Requests carry `x-ms-date`, so the line of `Date` stays empty.
struct AzureSharedKey: Sendable {
    let account: String
    let key: [UInt8]

    /// The value of `Authorization`.
    func authorization(_ method: HTTPRequest.Method, _ url: HTTPURL, _ headers: HTTPFields) -> String {
        let text = stringToSign(method, url, headers)
        let code = HMAC<SHA256>.authenticationCode(for: Array(text.utf8), using: SymmetricKey(data: key))
        return "SharedKey \(account):\(Base64.encode(Array(code)))"
    }

    func stringToSign(_ method: HTTPRequest.Method, _ url: HTTPURL, _ headers: HTTPFields) -> String {
        let length = headers[.contentLength] ?? ""
        let standard: [String] = [
            method.rawValue,
            headers[.contentEncoding] ?? "",
            headers[.contentLanguage] ?? "",
            length == "0" ? "" : length,
            headers[.known("Content-MD5")] ?? "",
            headers[.contentType] ?? "",
            "",
            headers[.ifModifiedSince] ?? "",
            headers[.ifMatch] ?? "",
            headers[.ifNoneMatch] ?? "",
            headers[.ifUnmodifiedSince] ?? "",
            headers[.range] ?? "",
        ]
        return standard.joined(separator: "\n") + "\n" + canonicalHeaders(headers) + canonicalResource(url)
    }

    /// The `x-ms-` headers by name. The service sorts by culture, where a hyphen counts less than a letter; no two
    /// names that this project sends differ in order by that.
    private func canonicalHeaders(_ headers: HTTPFields) -> String {
        var values: [String: String] = [:]
        for field in headers where field.name.canonicalName.hasPrefix("x-ms-") {
            let name = field.name.canonicalName
            let value = field.value.trimmed
            values[name] = values[name].map { $0 + "," + value } ?? value
        }
        return values.keys.sorted().map { "\($0):\(values[$0] ?? "")\n" }.joined()
    }

    /// Account, encoded path, and each query parameter decoded on a line of its own.
    private func canonicalResource(_ url: HTTPURL) -> String {
        var values: [String: [String]] = [:]
        for pair in (url.query ?? "").split(separator: "&") {
            let parts = pair.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            func decoded(_ part: Substring) -> String { HTTPURL.decode(part) ?? String(part) }
            let name = decoded(parts.first ?? "").lowercased()
            values[name, default: []].append(parts.count == 2 ? decoded(parts[1]) : "")
        }
        let lines = values.keys.sorted().map { name in
            "\n\(name):\((values[name] ?? []).sorted().joined(separator: ","))"
        }
        return "/\(account)\(url.path)" + lines.joined()
    }
}
