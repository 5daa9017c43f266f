import Artifacts
import HTTPTransport
import HTTPTypes
import JSON

/// AWS's Security Token Service, instance metadata service (version 2) and the agent of EKS Pod Identity.
extension EmulatedClouds {
    /// `AssumeRoleWithWebIdentity`, version 2011-06-15.
    func tokenService(_ form: [String: String]) -> LocalResponse {
        func refusal(_ status: HTTPResponse.Status, _ code: String, _ text: String) -> LocalResponse {
            let body =
                "<ErrorResponse xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\"><Error><Type>Sender</Type>"
                + "<Code>\(code)</Code><Message>\(text)</Message></Error><RequestId>0</RequestId></ErrorResponse>"
            return LocalResponse(status, text: body, type: "text/xml")
        }
        guard form["Action"] == "AssumeRoleWithWebIdentity", form["Version"] == "2011-06-15" else {
            return refusal(.badRequest, "InvalidAction", "Could not find that operation.")
        }
        guard let role = form["RoleArn"], role.hasSuffix(":role/\(options.role)"),
            form["RoleSessionName"] != nil
        else {
            return refusal(
                .forbidden,
                "AccessDenied",
                "Not authorized to perform sts:AssumeRoleWithWebIdentity"
            )
        }
        guard form["WebIdentityToken"] == options.federatedToken else {
            return refusal(
                .badRequest,
                "InvalidIdentityToken",
                "The web identity token could not be validated."
            )
        }
        let key = options.accessKey
        let body =
            "<AssumeRoleWithWebIdentityResponse xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\">"
            + "<AssumeRoleWithWebIdentityResult><Credentials><AccessKeyId>\(key.id)</AccessKeyId>"
            + "<SecretAccessKey>\(key.secret)</SecretAccessKey><SessionToken>\(key.session)</SessionToken>"
            + "<Expiration>\(issueKey().rfc3339)</Expiration></Credentials>"
            + "<AssumedRoleUser><Arn>\(role)</Arn><AssumedRoleId>AROA:session</AssumedRoleId></AssumedRoleUser>"
            + "</AssumeRoleWithWebIdentityResult><ResponseMetadata><RequestId>0</RequestId></ResponseMetadata>"
            + "</AssumeRoleWithWebIdentityResponse>"
        return LocalResponse(.ok, text: body, type: "text/xml")
    }

    /// A session by `PUT` first, and everything else only with it: version 1, without, is switched off.
    func instanceMetadata(_ path: String, _ request: HTTPRequest) -> LocalResponse {
        if path == "/latest/api/token" {
            let life =
                request.headerFields[.known("X-aws-ec2-metadata-token-ttl-seconds")].flatMap { Int($0) }
                ?? 0
            guard request.method == .put, (1...21_600).contains(life) else {
                return LocalResponse(.badRequest)
            }
            return LocalResponse(.ok, text: session(), type: "text/plain")
        }
        guard knows(session: request.headerFields[.known("X-aws-ec2-metadata-token")]) else {
            return LocalResponse(.unauthorized)
        }
        let credentials = "/latest/meta-data/iam/security-credentials/"
        guard path.hasPrefix(credentials) else { return LocalResponse(.notFound) }
        let name = path.dropFirst(credentials.count)
        if name.isEmpty { return LocalResponse(.ok, text: options.role, type: "text/plain") }
        guard name == options.role else { return LocalResponse(.notFound) }
        var answer = keys()
        answer["Code"] = "Success"
        answer["Type"] = "AWS-HMAC"
        answer["LastUpdated"] = .string(time.date().rfc3339)
        return Self.json(.ok, answer)
    }

    /// The agent of EKS Pod Identity, which wants the pod's token as it is.
    func agent(_ request: HTTPRequest) -> LocalResponse {
        guard request.headerFields[.authorization] == options.agentToken else {
            return LocalResponse(.unauthorized)
        }
        return Self.json(.ok, keys())
    }

    private func keys() -> JSONValue {
        let key = options.accessKey
        return [
            "AccessKeyId": .string(key.id), "SecretAccessKey": .string(key.secret),
            "Token": .string(key.session),
            "Expiration": .string(issueKey().rfc3339),
        ]
    }
}
