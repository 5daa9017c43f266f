import KubernetesAPI

/// The objects of a store with their indexes.
struct StoreContents<Object: KubernetesObject>: Sendable {
    /// Boxed: a dictionary of inline structs of several hundred bytes copies them all when it grows.
    final class Box: Sendable {
        let object: Object
        init(_ object: Object) { self.object = object }
    }

    private let indexes: [StoreIndex<Object>]
    private(set) var objects: [ObjectKey: Box] = [:]
    private(set) var undecodable: [ObjectKey: UndecodableObject] = [:]
    private var indexed: [String: [String: Set<ObjectKey>]] = [:]

    init(indexes: [StoreIndex<Object>]) { self.indexes = indexes }

    func keys(_ index: String, _ value: String) -> Set<ObjectKey> { indexed[index]?[value] ?? [] }

    func values(_ index: String) -> [String] { (indexed[index]?.keys).map(Array.init) ?? [] }

    mutating func perform(_ event: ReflectorEvent<Object>) -> [StoreChange<Object>] {
        switch event {
        case .replace(let objects, let undecodable, _): return replace(objects, undecodable)
        case .apply(let object): return [put(object)]
        case .delete(let object):
            undecodable[object.key] = nil
            // The last state is the deleted one; a handler that saw none before is still told of it.
            let known = remove(object.key) != nil
            return known ? [.removed(object)] : []
        case .undecodable(let object, let isDeletion):
            guard !object.metadata.name.isEmpty else { return [] }
            guard isDeletion else {
                undecodable[object.key] = object
                return []
            }
            undecodable[object.key] = nil
            return remove(object.key).map { [.removed($0)] } ?? []
        }
    }

    /// W16. An object that cannot be decoded now keeps its last readable state: it is not gone.
    private mutating func replace(_ list: [Object], _ unreadable: [UndecodableObject]) -> [StoreChange<Object>] {
        let previous = objects
        var changes: [StoreChange<Object>] = []
        objects = [:]
        indexed = [:]
        undecodable = [:]
        objects.reserveCapacity(list.count)
        for object in list {
            let new = object.key
            if objects[new] != nil { remove(new) }
            insert(Box(object))
        }
        for object in unreadable where !object.metadata.name.isEmpty {
            undecodable[object.key] = object
            if objects[object.key] == nil, let box = previous[object.key] { insert(box) }
        }
        for (key, box) in objects {
            if let old = previous[key]?.object {
                changes.append(.changed(old: old, new: box.object))
            } else {
                changes.append(.added(box.object))
            }
        }
        for (key, box) in previous where objects[key] == nil { changes.append(.removed(box.object)) }
        return changes
    }

    private mutating func put(_ object: Object) -> StoreChange<Object> {
        undecodable[object.key] = nil
        let old = remove(object.key)
        insert(Box(object))
        return old.map { .changed(old: $0, new: object) } ?? .added(object)
    }

    private mutating func insert(_ box: Box) {
        let key = box.object.key
        objects[key] = box
        for index in indexes {
            for value in index.values(box.object) { indexed[index.name, default: [:]][value, default: []].insert(key) }
        }
    }

    @discardableResult
    private mutating func remove(_ key: ObjectKey) -> Object? {
        guard let object = objects.removeValue(forKey: key)?.object else { return nil }
        for index in indexes {
            for value in index.values(object) {
                indexed[index.name]?[value]?.remove(key)
                if indexed[index.name]?[value]?.isEmpty == true { indexed[index.name]?[value] = nil }
            }
        }
        return object
    }
}
