import Artifacts
import HTTPTypes

/// The proof of identity in a request to S3: an `Authorization` field, or a presigned URL's query.
struct S3Authorization: Sendable {
    let accessKey: String
    let region: String
    let date: String
    let signature: String
    /// What the client says of the body's hash.
    let payload: String
    let sessionToken: String?
    private let day: String
    private let service: String
    private let signedHeaders: [String]
    /// How long a presigned URL is good for, in seconds.
    private let expires: Int64?

    /// Nil where the request carries none. Throws where it is malformed.
    init?(_ request: HTTPRequest, _ target: RequestTarget) throws(S3Failure) {
        var parts: [String: String] = [:]
        if let field = request.headerFields[.authorization] {
            guard field.hasPrefix(SignatureV4.algorithm + " ") else {
                throw .invalidArgument("only \(SignatureV4.algorithm) is emulated")
            }
            for part in field.dropFirst(SignatureV4.algorithm.count).split(separator: ",") {
                let halves = part.trimmingSpaces.split(separator: "=", maxSplits: 1)
                if halves.count == 2 { parts[String(halves[0])] = String(halves[1]) }
            }
            date = request.headerFields[.amzDate] ?? ""
            payload = request.headerFields[.amzContentSHA256] ?? ""
            sessionToken = request.headerFields[.amzSecurityToken]
            expires = nil
            guard !payload.isEmpty else {
                throw S3Failure(.badRequest, "InvalidRequest", "Missing required header: x-amz-content-sha256")
            }
        } else if target.has("X-Amz-Signature") {
            parts["Credential"] = target.value("X-Amz-Credential")
            parts["SignedHeaders"] = target.value("X-Amz-SignedHeaders")
            parts["Signature"] = target.value("X-Amz-Signature")
            date = target.value("X-Amz-Date") ?? ""
            payload = request.headerFields[.amzContentSHA256] ?? "UNSIGNED-PAYLOAD"
            sessionToken = target.value("X-Amz-Security-Token")
            guard let seconds = target.number("X-Amz-Expires"), (1...604_800).contains(seconds) else {
                throw S3Failure(.badRequest, "AuthorizationQueryParametersError", "X-Amz-Expires is not 1 to 604800")
            }
            expires = Int64(seconds)
        } else {
            return nil
        }
        let credential = (parts["Credential"] ?? "").split(separator: "/").map(String.init)
        guard credential.count == 5, credential[4] == "aws4_request", let signature = parts["Signature"],
            let headers = parts["SignedHeaders"]
        else {
            throw S3Failure(.badRequest, "AuthorizationHeaderMalformed", "The authorization is malformed.")
        }
        accessKey = credential[0]
        day = credential[1]
        region = credential[2]
        service = credential[3]
        signedHeaders = headers.split(separator: ";").map(String.init)
        self.signature = signature
    }

    /// Throws unless the request is signed with `secret` for `region` and its date is right.
    /// - Returns: what signs the chunks of the body, if those are signed.
    func verify(
        _ request: HTTPRequest,
        _ target: RequestTarget,
        secret: String,
        region expected: String,
        now: Timestamp
    ) throws(S3Failure) -> SignatureV4 {
        guard region == expected, service == "s3" else {
            throw S3Failure(
                .badRequest,
                "AuthorizationHeaderMalformed",
                "The region '\(region.clipped)' is wrong; expecting '\(expected)'",
                details: [("Region", expected)]
            )
        }
        guard let instant = SignatureV4.instant(date), date.hasPrefix(day) else {
            throw .accessDenied("AWS authentication requires a valid Date or x-amz-date header")
        }
        if let expires {
            guard now <= instant + .seconds(expires), instant <= now + .seconds(900) else {
                throw .accessDenied("Request has expired")
            }
        } else if abs((instant - now).components.seconds) > 900 {
            throw S3Failure(
                .forbidden,
                "RequestTimeTooSkewed",
                "The difference between the request time and the current time is too large."
            )
        }
        // What is not signed could be changed on the way; S3 insists on these.
        let unsigned = request.headerFields.first {
            let name = $0.name.canonicalName
            return name.hasPrefix("x-amz-") && !signedHeaders.contains(name) && expires == nil
        }
        guard signedHeaders.contains("host"), unsigned == nil else {
            throw .accessDenied("There were headers present in the request which were not signed")
        }
        let signer = SignatureV4(secret: secret, date: date, region: region, service: service)
        let wanted = signer.signature(of: request, target, signedHeaders: signedHeaders, payload: payload)
        guard equalInConstantTime(wanted.utf8, signature.utf8) else {
            throw S3Failure(
                .forbidden,
                "SignatureDoesNotMatch",
                "The request signature we calculated does not match the signature you provided."
            )
        }
        return signer
    }
}
