import Artifacts
import HTTPTransport

extension AWSIdentity {
    /// The identity that a process has by its environment, in the order of AWS's own libraries: keys, a role that trusts
    /// a token file (`AWS_WEB_IDENTITY_TOKEN_FILE`, `AWS_ROLE_ARN`), a credential agent
    /// (`AWS_CONTAINER_CREDENTIALS_FULL_URI` or `_RELATIVE_URI`), else the role of the instance.
    public init(
        environment: [String: String],
        name: String,
        reading read: @escaping @Sendable (String) throws -> [UInt8]
    ) throws(IdentityError) {
        func value(_ name: String) -> String? { environment[name].flatMap { $0.isEmpty ? nil : $0 } }
        if let id = value("AWS_ACCESS_KEY_ID"), let secret = value("AWS_SECRET_ACCESS_KEY") {
            self = .fixed(AWSAccessKey(id: id, secret: secret, sessionToken: value("AWS_SESSION_TOKEN")), name: name)
        } else if let path = value("AWS_WEB_IDENTITY_TOKEN_FILE") {
            guard let role = value("AWS_ROLE_ARN") else {
                throw IdentityError(.configuration, "AWS_WEB_IDENTITY_TOKEN_FILE is set, and AWS_ROLE_ARN is not")
            }
            let session = value("AWS_ROLE_SESSION_NAME") ?? "modelapp"
            self = try .webIdentity(role: role, session: session, token: .file(path, reading: read), name: name)
        } else if let text = value("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI")
            ?? value("AWS_CONTAINER_CREDENTIALS_FULL_URI")
        {
            guard let url = HTTPURL(text.hasPrefix("/") ? "http://169.254.170.2\(text)" : text) else {
                throw IdentityError(
                    .configuration,
                    "AWS_CONTAINER_CREDENTIALS_FULL_URI must be a URL, not \"\(text.clipped)\""
                )
            }
            var token: TokenSupplier?
            if let path = value("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE") {
                token = .file(path, reading: read)
            } else if let text = value("AWS_CONTAINER_AUTHORIZATION_TOKEN") {
                token = TokenSupplier { () throws(IdentityError) in SecretText(text) }
            }
            self = try .container(url, token: token, name: name)
        } else {
            self = .instance(name: name)
        }
    }
}
