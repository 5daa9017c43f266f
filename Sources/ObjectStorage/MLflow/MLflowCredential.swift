import Artifacts

/// What opens an MLflow tracking server.
public struct MLflowCredential: Sendable, Hashable, CustomStringConvertible {
    /// The value of `Authorization`; nil for none.
    let authorization: SecretText?

    private init(_ authorization: SecretText?) { self.authorization = authorization }

    /// Nothing.
    public static let anonymous = MLflowCredential(nil)

    /// The credential in a Secret's decoded data, by the names that MLflow's own client reads: `MLFLOW_TRACKING_TOKEN`, or
    /// `MLFLOW_TRACKING_USERNAME` and `MLFLOW_TRACKING_PASSWORD`. Anonymous where there is none of them.
    /// - Throws: `configuration`, naming the key that is missing or malformed, never its value.
    public init(secret: [String: String]) throws(ObjectStoreError) {
        if secret["MLFLOW_TRACKING_TOKEN"] != nil {
            self.init(SecretText("Bearer " + (try secret.value("MLFLOW_TRACKING_TOKEN"))))
            return
        }
        guard secret["MLFLOW_TRACKING_USERNAME"] != nil || secret["MLFLOW_TRACKING_PASSWORD"] != nil else {
            self.init(nil)
            return
        }
        let user = try secret.value("MLFLOW_TRACKING_USERNAME")
        guard !user.utf8.contains(UInt8(ascii: ":")) else {
            throw ObjectStoreError(.configuration, "the Secret's value under MLFLOW_TRACKING_USERNAME holds a colon")
        }
        let password = try secret.value("MLFLOW_TRACKING_PASSWORD")
        self.init(SecretText("Basic " + Base64.encode(Array("\(user):\(password)".utf8))))
    }

    /// Whether nothing is shown.
    public var isAnonymous: Bool { authorization == nil }

    /// Which kind it is, never what it holds.
    public var description: String { isAnonymous ? "anonymous" : "<redacted>" }
}
