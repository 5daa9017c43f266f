import KubernetesAPI
import ModelAppAPI

/// What is wrong with the way a spec wants signatures, beyond what its schema can say.
enum VerificationCheck {
    /// Problems that only an edit of the spec can solve.
    static func problems(in spec: ModelAppSpec) -> [FieldProblem] {
        var problems: [FieldProblem] = []
        if let cosign = spec.verification?.code?.cosign {
            problems += identities(
                cosign.identities,
                isStore: cosign.trustStoreRef != nil,
                isRequired: true,
                "spec.verification.code.cosign.identities"
            )
        }
        guard let model = spec.verification?.model else { return problems }
        if let signature = model.signature {
            problems += identities(
                signature.identities,
                isStore: signature.trustStoreRef != nil,
                isRequired: false,
                "spec.verification.model.signature.identities"
            )
        }
        // What is not read by us is not checked by us.
        if spec.delivery.mode == .reference {
            problems.append(
                FieldProblem(
                    "spec.verification.model",
                    "needs a delivery.mode that reads the model, such as InitContainer; with Reference the container "
                        + "reads the store by itself, and nobody would check what it gets"
                )
            )
        }
        return problems
    }

    private static func identities(
        _ identities: [String],
        isStore: Bool,
        isRequired: Bool,
        _ path: String
    ) -> [FieldProblem] {
        if !isStore, !identities.isEmpty {
            return [FieldProblem(path, "says whose certificates count and needs trustStoreRef; a key has no identity")]
        }
        if isStore, isRequired, identities.isEmpty {
            return [FieldProblem(path, "is required with trustStoreRef; \"*\" is everybody whom it certifies")]
        }
        return []
    }
}
