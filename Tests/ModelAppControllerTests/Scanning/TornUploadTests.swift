import Artifacts
import Crypto
import HTTPTransport
import JSON
import KubernetesClient
import ModelAppAPI
import ReleasePlanning
import Synchronization
import TestSupport
import Testing

@testable import DevCluster
@testable import ModelAppController

/// Bar: in every interleaving of an uploader and the scanner, a version is never taken before it is complete, and nothing
/// that is taken mixes two uploads.
@Suite(.timeLimit(.minutes(3))) struct TornUploadTests {
    /// How it is known that an upload is complete.
    enum Mode: String, Sendable, CaseIterable, CustomTestStringConvertible {
        case marker, manifest, settle

        var testDescription: String { rawValue }
    }

    /// What happens next.
    enum Operation: Sendable {
        /// The uploader writes its next object.
        case write
        /// Time passes, milliseconds.
        case pass(Int)
        /// The scanner looks, and before each of its requests the uploader writes that many objects.
        case scan([Int])
    }

    /// - Parameter wholeSeconds: whether the store's times count whole seconds, as those of S3 and Azure do.
    @Test(arguments: Mode.allCases, [false, true])
    func nothingHalfOrMixedIsEverTaken(mode: Mode, wholeSeconds: Bool) async {
        await checkProperty(cases: 150) { random in
            (0..<60).map { _ in
                switch Int.random(in: 0..<10, using: &random) {
                case 0..<4: .write
                case 4..<7: .pass(Int.random(in: 0...9000, using: &random))
                default: .scan((0..<4).map { _ in Int.random(in: 0...2, using: &random) })
                }
            }
        } fails: { (operations: [Operation]) in
            do {
                let scene = try UploadScene(mode, wholeSeconds: wholeSeconds)
                for operation in operations {
                    switch operation {
                    case .write: try scene.write()
                    case .pass(let milliseconds): try scene.pass(.milliseconds(milliseconds))
                    case .scan(let writes): if let problem = try await scene.scan(writes) { return problem }
                    }
                }
                return try await scene.finish()
            } catch {
                return "\(error)"
            }
        }
    }
}

/// A store, somebody who uploads to it, and the scanner.
///
/// Each upload has a digit, and file `i` of it has `digit * 10^i` bytes: the digits of the sum of a set's bytes tell whose
/// files it has.
private final class UploadScene: Sendable {
    /// One upload, object by object.
    private struct Upload {
        var digit: Int
        var version: String
        /// What is still to be written, the next last.
        var rest: [Int]
    }

    private struct State {
        var random: SplitMix64
        var uploads = 0
        var current: Upload?
        var lastWrite: ContinuousClock.Instant?
        var lastEnd: ContinuousClock.Instant?
        /// The digits of the uploads that are complete, by version.
        var complete: [String: Set<Int>] = [:]
        /// How many objects the uploader writes before each of the scanner's next requests.
        var ahead: [Int] = []
        var failure: String?
    }

    private static let files = 3
    private static let maximumUploads = 8
    private static let settle = Duration.seconds(20)
    /// The longest pause inside of an upload: below `settle` by what times of whole seconds may hide.
    private static let longestGap = Duration.seconds(18)

    private let mode: TornUploadTests.Mode
    private let wholeSeconds: Bool
    private let clock = TestClock()
    private let store: EmulatedS3
    private let resolver: Resolver
    private let state = Mutex(State(random: SplitMix64(seed: 11)))
    private let app: ModelApp

    init(_ mode: TornUploadTests.Mode, wholeSeconds: Bool) throws {
        self.mode = mode
        self.wholeSeconds = wholeSeconds
        let time = clock.timeSource()
        store = try EmulatedS3(.init([:], anonymousRead: true), time: time)
        _ = try store.shelf.create("models")
        app = try Self.app(mode)
        let network = Network()
        network.connect("store.test", to: store)
        let nobody = Network()
        resolver = Resolver(
            client: Cluster.client(over: nobody, time),
            access: SourceAccess(transport: { _ in network }, random: { 0 }),
            time: time
        )
        network.beforeEach { [weak self] _ in self?.request() }
    }

    private static func app(_ mode: TornUploadTests.Mode) throws -> ModelApp {
        let complete: JSONValue =
            switch mode {
            case .marker: ["marker": "DONE"]
            case .manifest: ["manifest": "MANIFEST.json"]
            case .settle: ["settle": "20s"]
            }
        let document: JSONValue = [
            "metadata": ["name": "app", "namespace": "default", "uid": "u", "generation": 1],
            "spec": [
                "code": ["image": "registry.test/api", "select": ["numerical": .object([:])]],
                "model": [
                    "s3": ["bucket": "models", "prefix": "m/", "endpoint": "https://store.test"],
                    "versions": [
                        "filter": ["match": "^(?<v>[0-9]+)/$", "extract": "$v"], "select": ["numerical": .object([:])],
                    ],
                    "complete": complete,
                ],
                "delivery": ["mode": "Reference"],
                "target": ["own": ["template": ["spec": ["containers": [["name": "api"]]]]]],
            ],
        ]
        return try ModelApp(parsing: document.canonicalBytes)
    }

    // MARK: The uploader

    /// Writes the next object, or begins another upload: over an earlier version, or of a new one.
    func write() throws {
        // No two objects are written at the same moment.
        clock.advance(by: .milliseconds(1))
        let now = clock.now
        let next: (upload: Upload, object: Int)? = state.withLock { state in
            if state.current == nil {
                guard state.uploads < Self.maximumUploads else { return nil }
                // Who overwrites a version does so a second after its marker at the earliest: times of whole seconds tell no
                // order inside of one.
                if wholeSeconds, let end = state.lastEnd, now - end < .seconds(1) { return nil }
                state.uploads += 1
                let version = String(Int.random(in: 1...3, using: &state.random))
                let files = Array(0..<Self.files).shuffled(using: &state.random)
                let objects = mode == .settle ? files : [Self.files] + files
                state.current = Upload(digit: state.uploads, version: version, rest: objects)
            }
            guard var upload = state.current, let object = upload.rest.popLast() else { return nil }
            state.current = upload.rest.isEmpty ? nil : upload
            state.lastWrite = now
            if upload.rest.isEmpty {
                state.lastEnd = now
                state.complete[upload.version, default: []].insert(upload.digit)
            }
            return (upload, object)
        }
        guard let (upload, object) = next else { return }
        let name = "m/\(upload.version)/"
        if object < Self.files {
            try put("\(name)file-\(object)", Array(repeating: 0x61, count: Self.size(object, of: upload.digit)))
        } else if mode == .marker {
            try put("\(name)DONE", Array("upload \(upload.digit)".utf8))
        } else {
            try put("\(name)MANIFEST.json", Self.manifest(of: upload.digit))
        }
    }

    private static func size(_ file: Int, of digit: Int) -> Int { (0..<file).reduce(digit) { size, _ in size * 10 } }

    private static func sha256(_ file: Int, of digit: Int) -> String {
        let bytes = [UInt8](repeating: 0x61, count: size(file, of: digit))
        return Array(SHA256.hash(data: bytes)).hexadecimal
    }

    private static func manifest(of digit: Int) -> [UInt8] {
        let entries: [JSONValue] = (0..<files).map { file in
            [
                "path": .string("file-\(file)"), "sha256": .string(sha256(file, of: digit)),
                "size": .integer(Int64(size(file, of: digit))),
            ]
        }
        let document: JSONValue = ["files": .array(entries)]
        return document.canonicalBytes
    }

    private func put(_ key: String, _ bytes: [UInt8]) throws {
        let date = clock.timeSource().date()
        let shown = wholeSeconds ? Timestamp(seconds: date.seconds) : date
        let object = StoredObject(.bytes(bytes), at: shown)
        let etag = Array(Insecure.MD5.hash(data: bytes)).hexadecimal
        _ = try store.shelf.put(object, as: ObjectName(key), in: "models", etag: etag) { _ in }
    }

    /// Lets time pass. Where `settle` is what tells, an upload has no pause as long: its next objects are written first.
    func pass(_ duration: Duration) throws {
        var left = duration
        while mode == .settle, let last = state.withLock({ $0.current == nil ? nil : $0.lastWrite }),
            clock.now + left - last > Self.longestGap
        {
            let step = max(last + Self.longestGap - clock.now, .zero)
            clock.advance(by: step)
            left -= step
            try write()
        }
        clock.advance(by: left)
    }

    // MARK: The scanner

    private func request() {
        let writes = state.withLock { $0.ahead.popLast() ?? 0 }
        for _ in 0..<writes {
            do {
                clock.advance(by: .milliseconds(3))
                try write()
            } catch {
                state.withLock { $0.failure = "\(error)" }
            }
        }
        clock.advance(by: .milliseconds(2))
    }

    /// Looks once; a text says what must not have been taken.
    func scan(_ ahead: [Int]) async throws -> String? {
        let before = state.withLock { state in
            state.ahead = ahead
            return state.complete
        }
        let found = await resolver.model.resolve(app, running: nil, isRequested: true).resolution
        let (after, failure) = state.withLock { state in
            state.ahead = []
            return (state.complete, state.failure)
        }
        if let failure { return failure }
        guard let model = found.version?.version else { return nil }
        let complete = (before[model.version] ?? []).union(after[model.version] ?? [])
        let bytes = complete.map { digit in (0..<Self.files).reduce(0) { $0 + Self.size($1, of: digit) } }
        guard model.objects == Int64(Self.files), bytes.contains(Int(model.bytes)) else {
            return "version \(model.version) was taken with \(model.objects) files of \(model.bytes) bytes; "
                + "complete are the uploads \(complete.sorted())"
        }
        return nil
    }

    /// Ends the upload that is under way and lets it rest: then what was uploaded last is what is taken.
    func finish() async throws -> String? {
        while state.withLock({ $0.current != nil }) {
            clock.advance(by: .seconds(1))
            try write()
        }
        clock.advance(by: .seconds(60))
        let complete = state.withLock { $0.complete }
        guard let newest = complete.keys.max() else { return nil }
        if let problem = try await scan([]) { return problem }
        let found = await resolver.model.resolve(app, running: nil, isRequested: true).resolution
        let expected = (0..<Self.files).reduce(0) { $0 + Self.size($1, of: complete[newest]?.max() ?? 0) }
        guard let model = found.version?.version, model.version == newest, model.bytes == Int64(expected) else {
            return "the last upload of version \(newest) is not taken: \(found)"
        }
        return nil
    }
}
