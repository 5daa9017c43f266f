import Artifacts
import HTTPTypes

/// A shared access signature in a request's query: of the service, for one container or blob, or of the account.
struct AzureSharedAccessSignature: Sendable {
    private let target: RequestTarget
    private let version: String
    private let signature: String

    /// Nil where the query has none.
    init?(_ target: RequestTarget) {
        guard let signature = target.value("sig") else { return nil }
        self.target = target
        self.signature = signature
        version = target.value("sv") ?? ""
    }

    private func line(_ name: String) -> String { (target.value(name) ?? "") + "\n" }

    /// Throws unless the signature is the account's and permits the operation at `now`.
    /// - Parameter secure: whether the request came over TLS.
    func check(
        _ operation: AzureBlobOperation,
        account: String,
        key: [UInt8],
        now: Timestamp,
        secure: Bool
    ) throws(AzureBlobFailure) {
        // The order of fields before this version is another one; no client writes it any more.
        guard version >= "2015-04-05" else { throw .authenticationFailed("sv is missing or older than 2015-04-05") }
        guard target.value("si") == nil else { throw .authenticationFailed("stored access policies are not emulated") }
        let isAccount = target.has("srt")
        let text = isAccount ? accountText(account) : try serviceText(operation, account)
        guard equalInConstantTime(AzureSharedKey.sign(text, key: key).utf8, signature.utf8) else {
            throw .authenticationFailed("the signature is not that of \(text.debugDescription)")
        }
        guard let end = AzureSharedAccessSignature.date(target.value("se")), now < end else {
            throw .authenticationFailed("the signature has expired")
        }
        if let start = target.value("st") {
            guard let date = AzureSharedAccessSignature.date(start), now >= date else {
                throw .authenticationFailed("the signature is not valid yet")
            }
        }
        if target.value("spr") == "https", !secure {
            throw AzureBlobFailure(.forbidden, "AuthorizationProtocolMismatch", "the signature is for https only")
        }
        if let address = target.value("sip"), address != "127.0.0.1" {
            throw AzureBlobFailure(
                .forbidden,
                "AuthorizationSourceIPMismatch",
                "the signature is for \(address.clipped)"
            )
        }
        if isAccount {
            guard target.value("ss")?.contains("b") == true else {
                throw AzureBlobFailure(.forbidden, "AuthorizationServiceMismatch", "the signature is not for blobs")
            }
            guard target.value("srt")?.contains(operation.level) == true else {
                throw AzureBlobFailure(
                    .forbidden,
                    "AuthorizationResourceTypeMismatch",
                    "the signature is for other resource types"
                )
            }
        } else if operation.level != "o" {
            guard operation.kind == .listBlobs, target.value("sr") == "c" else { throw .permissionMismatch }
        }
        guard let granted = target.value("sp"), !operation.permissions.isDisjoint(with: granted) else {
            throw .permissionMismatch
        }
    }

    private func serviceText(
        _ operation: AzureBlobOperation,
        _ account: String
    ) throws(AzureBlobFailure) -> String {
        var resource = "/blob/\(account)/\(operation.container)"
        switch target.value("sr") {
        case "b": resource += "/" + operation.blob
        case "c": break
        default: throw .authenticationFailed("sr is neither b nor c")
        }
        var text = line("sp") + line("st") + line("se") + resource + "\n" + line("si") + line("sip") + line("spr")
        text += line("sv")
        if version >= "2018-11-09" { text += line("sr") + "\n" }
        if version >= "2020-12-06" { text += line("ses") }
        return text + line("rscc") + line("rscd") + line("rsce") + line("rscl") + (target.value("rsct") ?? "")
    }

    private func accountText(_ account: String) -> String {
        let text = account + "\n" + line("sp") + line("ss") + line("srt") + line("st") + line("se") + line("sip")
        return text + line("spr") + line("sv") + (version >= "2020-12-06" ? line("ses") : "")
    }

    /// The forms of a date that a signature may have: day, minute or second, in UTC.
    static func date(_ text: String?) -> Timestamp? {
        guard let text else { return nil }
        let full: String =
            switch text.utf8.count {
            case 10: text + "T00:00:00Z"
            case 17: String(text.dropLast()) + ":00Z"
            default: text
            }
        return try? Timestamp(rfc3339: full)
    }
}
