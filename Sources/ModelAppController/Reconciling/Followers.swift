import KubernetesAPI
import KubernetesRuntime
import ModelAppAPI
import ReleasePlanning
import Synchronization

/// Wakes the ModelApps that wait for another (`rollout.after`) when that one comes, changes its spec, runs something
/// everywhere, or goes.
final class Followers: Sendable {
    private let queue: WorkQueue<ObjectKey>
    private let apps = Mutex<Store<ModelApp>?>(nil)

    init(_ queue: WorkQueue<ObjectKey>) { self.queue = queue }

    /// Says where the ModelApps are: the store that calls `follow`.
    func look(in store: Store<ModelApp>) { apps.withLock { $0 = store } }

    /// Follows a change of a ModelApp. A write of its status is no news.
    func follow(_ change: StoreChange<ModelApp>) {
        if case .changed(let old, let new) = change, old.metadata.generation == new.metadata.generation { return }
        wake(change.key)
    }

    /// Follows a change of a release.
    func follow(_ change: StoreChange<ControllerRevision>) {
        for revision in change.states {
            guard let name = revision.metadata.labels[Keys.name] else { continue }
            wake(ObjectKey(namespace: revision.metadata.namespace, name: name))
        }
    }

    private func wake(_ key: ObjectKey) {
        guard let store = apps.withLock({ $0 }) else { return }
        for app in store.objects(ModelAppReconciler.Stores.byAfter, key.description) { queue.add(app.key) }
    }
}
