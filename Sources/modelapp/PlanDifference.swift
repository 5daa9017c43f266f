import JSON
import KubernetesAPI
import KubernetesClient
import ModelAppController
import ReleasePlanning

/// What the steps of a plan would change, asked of the API server: each is applied with `dryRun=All`, so that defaults,
/// other managers and admission count, and nothing is stored.
struct PlanDifference {
    let client: Client

    /// The differences of all steps, in the form of diff(1). A step that the server refuses is said as such.
    func text(_ steps: [PlanStep]) async throws -> String {
        var lines: [String] = []
        for step in steps {
            switch step {
            case .apply(let apply, _): lines += try await difference(apply, .release)
            case .scale(let apply): lines += try await difference(apply, .scale)
            case .claim(let apply): lines += try await difference(apply, .claim)
            case .letGo: lines.append("label and claim are removed from \(step.object)")
            case .delete(let resource, let key, _):
                let live = try await client.getJSON(resource, key)
                lines += unified(resource, key, from: live, to: nil)
            case .confirm: break
            }
        }
        return lines.isEmpty ? "" : lines.joined(separator: "\n") + "\n"
    }

    private func difference(_ step: ApplyStep, _ manager: FieldManager) async throws -> [String] {
        let live = try await client.getJSON(step.resource, step.key)
        let merged: JSONValue
        do throws(KubernetesError) {
            merged = try await client.apply(Self.withoutUnknownOwners(step), fieldManager: manager, dryRun: true)
        } catch {
            guard error.code == .api else { throw error }
            return ["the server would refuse \(step.resource.kind) \(step.key): \(error.message)"]
        }
        return unified(step.resource, step.key, from: live, to: merged)
    }

    /// The step without owners that have no uid: a ModelApp that is only in a file has none yet.
    private static func withoutUnknownOwners(_ step: ApplyStep) -> ApplyStep {
        var step = step
        var metadata = step.body["metadata"] ?? .object([:])
        let owners = (metadata["ownerReferences"]?.array ?? []).filter { $0["uid"]?.string?.isEmpty == false }
        metadata["ownerReferences"] = owners.isEmpty ? nil : .array(owners)
        step.body["metadata"] = metadata
        return step
    }

    private func unified(
        _ resource: APIResource,
        _ key: ObjectKey,
        from old: JSONValue?,
        to new: JSONValue?
    ) -> [String] {
        let difference = LineDifference(from: old.map(Self.comparable) ?? "", to: new.map(Self.comparable) ?? "")
        guard !difference.isEmpty else { return [] }
        let name = "\(resource.kind) \(key)"
        return ["--- \(old == nil ? "/dev/null" : name)", "+++ \(new == nil ? "/dev/null" : name)"]
            + difference.unified()
    }

    /// An object without what differs each time, and without secrets.
    static func comparable(_ object: JSONValue) -> String {
        var object = object
        object["status"] = nil
        var metadata = object["metadata"] ?? .object([:])
        for name in ["managedFields", "resourceVersion", "generation", "uid", "creationTimestamp", "selfLink"] {
            metadata[name] = nil
        }
        object["metadata"] = metadata
        if object["kind"] == "Secret" {
            for name in ["data", "stringData"] {
                guard let members = object[name]?.object else { continue }
                object[name] = .object(members.mapValues { _ in "<redacted>" })
            }
        }
        return YAML.text(of: object)
    }
}
