import ContainerRegistry
import Synchronization

/// Tag lists with the validators that registries gave for them, so that one that has not changed is not sent again.
///
/// A list shares its memory with the scan that it came from.
final class TagValidators: Sendable {
    private static let limit = 20_000

    private let lists = Mutex<[CodeResolver.SourceKey: TagList]>([:])

    /// The last list of a source that has a validator.
    subscript(source: CodeResolver.SourceKey) -> TagList? {
        get { lists.withLock { $0[source] } }
        set {
            lists.withLock { lists in
                // Old credentials leave lists behind; starting over costs each source one whole list.
                if lists.count >= Self.limit, lists[source] == nil { lists.removeAll() }
                lists[source] = newValue
            }
        }
    }
}
