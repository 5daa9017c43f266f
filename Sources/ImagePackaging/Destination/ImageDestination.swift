import Artifacts
import ContainerRegistry

/// Where an image is put: a repository, or a folder.
///
/// Content is there whole and under its digest, or not at all; a name appears last.
protocol ImageDestination: Sendable {
    /// The layer that an earlier image left under this name; nil where there is none.
    func layer(_ name: ModelLayerName) async throws(PackagingError) -> Descriptor?

    /// Keeps a layer under its name.
    func keep(
        _ layer: Descriptor,
        as name: ModelLayerName,
        _ model: ModelDescription
    ) async throws(PackagingError)

    /// Takes bytes as `produce` gives them to its argument and stores them under their digest.
    ///
    /// `produce` may run again, from its start, where a destination lost what it had.
    /// - Parameter size: how many bytes will come.
    func write(
        size: Int64,
        _ produce: (_ sink: ([UInt8]) async throws -> Void) async throws -> Void
    ) async throws(PackagingError) -> Digest

    /// Brings a blob of the application's image here, in the cheapest way there is.
    func take(_ blob: Descriptor, of repository: ImageReference) async throws(PackagingError)

    /// Stores a document under its digest.
    func store(_ document: ImageAssembly.Document) async throws(PackagingError)

    /// Stores a manifest whose parts are there; under a name, where it gets one.
    func publish(_ manifest: ImageAssembly.Document, name: String?) async throws(PackagingError)
}
