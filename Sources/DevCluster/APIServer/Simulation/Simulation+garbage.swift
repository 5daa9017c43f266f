import JSON
import KubernetesAPI

/// The garbage collector and the namespace controller.
extension Simulation {
    mutating func collectGarbage() {
        emptyNamespaces()
        let all = state.store.everything
        let present = Set(all.map(\.object.uid))
        var dependents: [String: [(resource: ResourceName, object: JSONValue)]] = [:]
        for (resource, _, object) in all {
            for owner in owners(of: object) {
                dependents[owner["uid"]?.string ?? "", default: []].append((resource, object))
            }
        }
        for (resource, _, object) in all {
            let owners = owners(of: object)
            if !owners.isEmpty, !object.isTerminating {
                let gone = owners.compactMap { $0["uid"]?.string }.filter { !present.contains($0) }
                if gone.count == owners.count {
                    delete(resource, object)
                } else if !gone.isEmpty {
                    disown((resource, object), by: Set(gone))
                }
            }
            guard object.isTerminating else { continue }
            let finalizers = object[path: "metadata", "finalizers"]?.array ?? []
            let own = dependents[object.uid] ?? []
            if finalizers.contains("orphan") {
                for dependent in own { disown(dependent, by: [object.uid]) }
                finish(resource, object, "orphan")
            } else if finalizers.contains("foregroundDeletion") {
                for dependent in own where !dependent.object.isTerminating {
                    delete(dependent.resource, dependent.object)
                }
                let blocking = own.filter { dependent in
                    self.owners(of: dependent.object).contains {
                        $0["uid"]?.string == object.uid && $0["blockOwnerDeletion"] == true
                    }
                }
                let isLeft = blocking.contains { state.store.object($0.resource, $0.object.key) != nil }
                if !isLeft { finish(resource, object, "foregroundDeletion") }
            }
        }
    }

    private func owners(of object: JSONValue) -> [JSONValue] {
        object[path: "metadata", "ownerReferences"]?.array ?? []
    }

    private mutating func disown(_ dependent: (resource: ResourceName, object: JSONValue), by uids: Set<String>) {
        let left = owners(of: dependent.object).filter { !uids.contains($0["uid"]?.string ?? "") }
        update(dependent.resource, dependent.object) { object in
            object.edit("metadata") { $0["ownerReferences"] = left.isEmpty ? nil : .array(left) }
        }
    }

    private mutating func finish(_ resource: ResourceName, _ object: JSONValue, _ finalizer: String) {
        update(resource, object) { object in
            object.edit("metadata") { metadata in
                let left = (metadata["finalizers"]?.array ?? []).filter { $0.string != finalizer }
                metadata["finalizers"] = left.isEmpty ? nil : .array(left)
            }
        }
    }

    /// Deletes what is in a terminating namespace and, once it is empty, the namespace.
    private mutating func emptyNamespaces() {
        for namespace in objects(Kind.namespaces) where namespace.isTerminating {
            var isEmpty = true
            for (resource, key, object) in state.store.everything where key.namespace == namespace.name {
                if !object.isTerminating { delete(resource, object) }
                if state.store.object(resource, key) != nil { isEmpty = false }
            }
            if isEmpty { remove(Kind.namespaces, namespace) }
        }
    }
}
