import Artifacts
import HTTPTypes
import JSON
import KubernetesAPI

/// Requests that are answered and not stored: access reviews and tokens.
extension APIServerState {
    /// The answer to a review or a token request; nil for anything else.
    mutating func review(
        _ request: APIRequest,
        _ user: APIServerUser,
        _ now: Timestamp
    ) throws(APIFailure) -> APIResponse? {
        guard request.method == .post else { return nil }
        switch request.path {
        case ["apis", "authorization.k8s.io", "v1", "selfsubjectaccessreviews"]:
            var review = try document(in: request)
            let verb =
                review[path: "spec", "resourceAttributes", "verb"]?.string
                ?? review[path: "spec", "nonResourceAttributes", "verb"]?.string ?? ""
            review["kind"] = "SelfSubjectAccessReview"
            review["apiVersion"] = "authorization.k8s.io/v1"
            review.setDefault("metadata", .object([:]))
            review["status"] = ["allowed": .bool(user.may(verb))]
            return APIResponse(201, review)
        case ["apis", "authorization.k8s.io", "v1", "selfsubjectrulesreviews"]:
            var review = try document(in: request)
            review["kind"] = "SelfSubjectRulesReview"
            review["apiVersion"] = "authorization.k8s.io/v1"
            review.setDefault("metadata", .object([:]))
            review["status"] = rules(user)
            return APIResponse(201, review)
        case ["apis", "authentication.k8s.io", "v1", "selfsubjectreviews"] where profile == .current:
            return APIResponse(
                201,
                [
                    "kind": "SelfSubjectReview", "apiVersion": "authentication.k8s.io/v1", "metadata": .object([:]),
                    "status": [
                        "userInfo": ["username": .string(user.name), "groups": .array(user.groups.map { .string($0) })]
                    ],
                ]
            )
        default: break
        }
        let path = request.path
        guard path.count == 7, Array(path[..<3]) == ["api", "v1", "namespaces"], path[4] == "serviceaccounts",
            path[6] == "token"
        else { return nil }
        let accounts = ResourceName(group: "", plural: "serviceaccounts")
        guard store.object(accounts, ObjectKey(namespace: path[3], name: path[5])) != nil else {
            throw .notFound(accounts, path[5])
        }
        return APIResponse(201, token(try document(in: request), namespace: path[3], account: path[5], now))
    }

    /// What a user may do, as `kubectl auth can-i --list` prints it.
    private func rules(_ user: APIServerUser) -> JSONValue {
        let verbs: JSONValue =
            switch user.access {
            case .all: ["*"]
            case .readOnly: ["get", "list", "watch"]
            case .nothing: []
            }
        let resources: JSONValue =
            user.access == .nothing ? [] : [["verbs": verbs, "apiGroups": ["*"], "resources": ["*"]]]
        let paths: JSONValue = [
            ["verbs": ["get"], "nonResourceURLs": ["/api", "/api/*", "/apis", "/apis/*", "/openapi/*", "/version"]]
        ]
        return ["incomplete": false, "resourceRules": resources, "nonResourceRules": paths]
    }

    /// A token that has a JWT's form and an empty signature: this server takes only the tokens it was configured with.
    private mutating func token(_ asked: JSONValue, namespace: String, account: String, _ now: Timestamp) -> JSONValue {
        let spec = asked["spec"] ?? .object([:])
        let seconds = min(max(spec["expirationSeconds"]?.integer ?? 3600, 600), 1 << 32)
        let audiences = spec["audiences"]?.array ?? ["https://kubernetes.default.svc"]
        let header: JSONValue = ["alg": "none", "typ": "JWT"]
        let claims: JSONValue = [
            "iss": "https://kubernetes.default.svc", "sub": .string("system:serviceaccount:\(namespace):\(account)"),
            "aud": .array(audiences), "iat": .integer(now.seconds), "exp": .integer(now.seconds &+ seconds),
            "jti": .string(allocations.uid()),
        ]
        return [
            "kind": "TokenRequest", "apiVersion": "authentication.k8s.io/v1",
            "metadata": ["name": .string(account), "namespace": .string(namespace)],
            "spec": ["audiences": .array(audiences), "expirationSeconds": .integer(seconds)],
            "status": [
                "token": .string(header.canonicalBytes.base64URL + "." + claims.canonicalBytes.base64URL + "."),
                "expirationTimestamp": .string((now + .seconds(seconds)).rfc3339),
            ],
        ]
    }
}
