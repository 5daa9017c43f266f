import KubernetesAPI
import KubernetesRuntime
import ModelAppAPI
import ReleasePlanning

/// The ModelApps that others wait for (`rollout.after`), as the watches show them.
extension ModelAppReconciler.Stores {
    /// Finds the ModelApps that wait for one, by `namespace/name`.
    static var byAfter: StoreIndex<ModelApp> {
        StoreIndex("after") { app in app.afterKeys.map(\.description) }
    }

    /// How many are followed from one to the next: enough to see any cycle that somebody means to build.
    private static var maximumUpstreams: Int { 64 }

    /// The ModelApps that `app` waits for, and those that they wait for in turn.
    func upstreams(of app: ModelApp) -> [Upstream] {
        var found: [Upstream] = []
        var seen: Set<ObjectKey> = []
        var rest = app.afterKeys
        while let key = rest.popLast(), found.count < Self.maximumUpstreams {
            guard seen.insert(key).inserted, let other = apps[key] else { continue }
            let owned = revisions.objects(Self.byController, other.metadata.uid)
            found.append(Upstream(other, releases: owned.compactMap(StoredRelease.init)))
            rest += other.afterKeys
        }
        return found
    }
}
