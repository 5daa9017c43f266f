import JSON
import ModelAppAPI

/// Finds the container that runs the code.
enum CodeContainer {
    /// The index in `containers` of the container that the target names, or of the only one without an image.
    static func index(in containers: [JSONValue], target: Target) throws(TemplateError) -> Int {
        let names = containers.map { $0["name"]?.string ?? "" }
        if let wanted = target.container {
            guard let index = names.firstIndex(of: wanted) else {
                throw TemplateError(
                    "ContainerNotFound",
                    "spec.target.container: no container is called \"\(wanted)\"; there are \(names.joined(separator: ", "))"
                )
            }
            return index
        }
        let free = containers.indices.filter { (containers[$0]["image"]?.string ?? "").isEmpty }
        guard free.count == 1, let index = free.first else {
            let count = free.isEmpty ? "none" : "\(free.count)"
            throw TemplateError(
                "ContainerNotFound",
                "spec.target.container: needed, because \(count) of the template's containers have no image; "
                    + "name one of \(names.joined(separator: ", "))"
            )
        }
        return index
    }
}
