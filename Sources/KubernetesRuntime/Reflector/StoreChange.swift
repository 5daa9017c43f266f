public import KubernetesAPI

/// A change of a store, with everything that a handler needs to tell who is concerned.
///
/// W20: an object that moves from one owner to another concerns both; so a change carries both states.
public enum StoreChange<Object: KubernetesObject>: Sendable {
    /// The object was not there before.
    case added(Object)
    /// The object was there before: changed, or listed again as it was. The two may be different objects of one name.
    case changed(old: Object, new: Object)
    /// The object is gone; this is the last state that is known. Deletions are also found by comparing lists (W18).
    case removed(Object)

    /// The object's name.
    public var key: ObjectKey { object.key }

    /// The latest state.
    public var object: Object {
        switch self {
        case .added(let object), .changed(_, let object), .removed(let object): object
        }
    }

    /// The state before, where there was one.
    public var previous: Object? {
        switch self {
        case .added: nil
        case .changed(let old, _): old
        case .removed(let object): object
        }
    }

    /// The states before and after, where there are such: what keys are derived from.
    public var states: [Object] {
        if case .changed(let old, let new) = self { [old, new] } else { [object] }
    }

    /// Whether the object was only listed again, without a change.
    public var isResync: Bool {
        guard case .changed(let old, let new) = self else { return false }
        return !new.metadata.resourceVersion.isEmpty && old.metadata.resourceVersion == new.metadata.resourceVersion
    }
}

/// A way to find objects other than by name, such as by the uid of their owner.
public struct StoreIndex<Object: KubernetesObject>: Sendable {
    /// What the index is called; unique within a store.
    public let name: String
    let values: @Sendable (Object) -> [String]

    /// An index over the values that an object has.
    public init(_ name: String, _ values: @escaping @Sendable (Object) -> [String]) {
        self.name = name
        self.values = values
    }
}
