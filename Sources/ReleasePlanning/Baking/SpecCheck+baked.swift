import Artifacts
import KubernetesAPI
import ModelAppAPI

/// What is wrong with where baked images go.
extension SpecCheck {
    static func bakedProblems(_ spec: ModelAppSpec) -> [FieldProblem] {
        guard spec.delivery.mode == .baked else {
            guard spec.delivery.baked != nil else { return [] }
            let mode = spec.delivery.mode.rawValue
            return [FieldProblem("spec.delivery.baked", "counts with mode Baked only, and the mode is \(mode)")]
        }
        guard let baked = spec.delivery.baked else {
            return [FieldProblem("spec.delivery.baked", "is required with mode Baked")]
        }
        let field = "spec.delivery.baked.repository"
        let repository: ImageReference
        do throws(ArtifactError) {
            repository = try ImageReference(baked.repository)
        } catch {
            return [FieldProblem(field, error.message)]
        }
        guard repository.tag == nil, repository.digest == nil else {
            return [FieldProblem(field, "must have neither tag nor digest: the operator makes the tags")]
        }
        // Its own tags would be candidates of the code.
        if (try? ImageReference(spec.code.image))?.name == repository.name {
            return [FieldProblem(field, "must be another repository than spec.code.image")]
        }
        return []
    }
}
