import ContainerRegistry
import ObjectStorage

/// Why no image was made. Nothing is visible under a tag then.
///
/// The message says where, what and what to do; it holds no credential and nothing of a body from outside.
public struct PackagingError: Error, Sendable, CustomStringConvertible {
    /// The kinds of failure that callers tell apart.
    public struct Code: Sendable, Hashable, CustomStringConvertible {
        private enum Value: String, Sendable, Hashable {
            case application
            case destination
            case store
            case modelChanged
            case wrongContent
            case unverified
            case unsafeName
            case unsupportedImage
            case platformMissing
            case tooLarge
            case file
            case cancelled
        }
        private let value: Value
        /// The application's image could not be read; `cause` is a `RegistryError`.
        public static let application = Code(value: .application)
        /// The image could not be pushed; `cause` is a `RegistryError`.
        public static let destination = Code(value: .destination)
        /// The model could not be read; `cause` is an `ObjectStoreError`.
        public static let store = Code(value: .store)
        /// An object is not what it was when it was listed.
        public static let modelChanged = Code(value: .modelChanged)
        /// An object does not have the checksum that its manifest or the store has of it.
        public static let wrongContent = Code(value: .wrongContent)
        /// The proof that the model needs is not there, or proves nothing.
        public static let unverified = Code(value: .unverified)
        /// An object's name is none of a file below the model's folder.
        public static let unsafeName = Code(value: .unsafeName)
        /// The application's image is of a kind that no layer can be added to.
        public static let unsupportedImage = Code(value: .unsupportedImage)
        /// The application's image is not built for a wanted platform.
        public static let platformMissing = Code(value: .platformMissing)
        /// More files or bytes than a layer takes.
        public static let tooLarge = Code(value: .tooLarge)
        /// A file could not be written.
        public static let file = Code(value: .file)
        /// The task was cancelled.
        public static let cancelled = Code(value: .cancelled)

        /// The name of the code.
        public var description: String { value.rawValue }
    }

    /// The kind of failure.
    public var code: Code
    /// What happened and what to do.
    public var message: String
    /// What caused it, where another module did.
    public var cause: (any Error)?
    /// Whether the same again may succeed with nothing changed by anybody.
    public var isTransient: Bool
    /// How long the server asks to wait, where it said so.
    public var retryAfter: Duration?

    /// An error of its parts.
    public init(
        _ code: Code,
        _ message: String,
        isTransient: Bool = false,
        retryAfter: Duration? = nil,
        cause: (any Error)? = nil
    ) {
        self.code = code
        self.message = message
        self.isTransient = isTransient
        self.retryAfter = retryAfter
        self.cause = cause
    }

    init(_ error: RegistryError, at code: Code) {
        self.init(
            error.code == .cancelled ? .cancelled : code,
            error.message,
            isTransient: error.isTransient || error.code == .uploadLost,
            retryAfter: error.retryAfter,
            cause: error
        )
    }

    /// The error for anything that a read of the model throws.
    init(store error: ObjectStoreError) {
        switch error.code {
        case .cancelled: self.init(.cancelled, error.message)
        case .preconditionFailed, .objectNotFound:
            self.init(.modelChanged, "\(error.message); nothing was made of it", cause: error)
        default:
            self.init(
                .store,
                error.message,
                isTransient: error.isTransient,
                retryAfter: error.retryAfter,
                cause: error
            )
        }
    }

    /// The message.
    public var description: String { message }
}
