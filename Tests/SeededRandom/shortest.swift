/// The shortest list that still fails, found by deleting pieces of `operations`, first halves and then ever smaller ones.
/// - Parameters:
///   - operations: a list that fails.
///   - reason: why it fails.
///   - fails: runs a list from a fresh start; a text says what went wrong, nil that nothing did.
/// - Returns: the list, and why it fails.
public func shortest<Operation>(
    _ operations: [Operation],
    reason: String,
    fails: ([Operation]) async -> String?
) async -> (operations: [Operation], reason: String) {
    var (operations, reason) = (operations, reason)
    var chunk = max(operations.count / 2, 1)
    while true {
        var start = 0
        var shrunk = false
        while start < operations.count {
            var candidate = operations
            candidate.removeSubrange(start..<min(start + chunk, operations.count))
            if let stillFails = await fails(candidate) {
                (operations, reason) = (candidate, stillFails)
                shrunk = true
            } else {
                start += chunk
            }
        }
        if chunk == 1, !shrunk { return (operations, reason) }
        chunk = max(chunk / 2, 1)
    }
}
