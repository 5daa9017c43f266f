public import KubernetesAPI
public import ModelAppAPI

/// One of the two places where a release can run: each has a Deployment of its own, and the Service selects one of them.
public enum Slot: String, Sendable, Hashable, CaseIterable {
    /// The Deployment with the ModelApp's own name.
    case a
    /// The Deployment beside it.
    case b

    /// The other one.
    public var other: Slot { self == .a ? .b : .a }

    /// The key of the slot's Deployment.
    public func key(of app: ObjectKey) -> ObjectKey {
        self == .a ? app : ObjectKey(namespace: app.namespace, name: app.name + "-b")
    }
}

extension Strategy {
    /// Whether a release comes up beside the one that runs, and the Service goes over to it.
    public var hasTwoSlots: Bool {
        switch type {
        case .blueGreen, .canary: true
        case .rolling, .recreate: false
        }
    }
}
