import Artifacts
import Glibc
import HTTPTransport
import ObjectStorage
import Synchronization

/// A store with one object of any size, whose bytes a generator makes: noise, as weights are, and the same each time.
final class SeededStore: ObjectStore, Sendable {
    let location = "seeded"
    let size: Int64
    private let seed: UInt64
    private let delivered = Atomic<Int64>(0)
    private static let piece = 256 << 10

    init(size: Int64, seed: UInt64) {
        self.size = size
        self.seed = seed
    }

    /// How many bytes were read.
    var bytesRead: Int64 { delivered.load(ordering: .relaxed) }

    var info: ObjectInfo {
        ObjectInfo(key: "weights.bin", size: size, modified: Timestamp(seconds: 1_767_225_600), etag: "\(seed)")
    }

    func list(
        _ request: ListRequest,
        _ each: (ListingEntry) throws(ObjectStoreError) -> ListingDecision
    ) async throws(ObjectStoreError) {
        _ = try each(.object(info))
    }

    func head(_ key: String, version: String?) async throws(ObjectStoreError) -> ObjectInfo? { info }

    func read<Value: Sendable>(
        _ key: String,
        range: Range<Int64>?,
        condition: ReadCondition,
        _ consume: (_ info: ObjectInfo, _ bytes: HTTPBodyChunks) async throws -> Value
    ) async throws -> Value {
        guard range == nil else { throw ObjectStoreError(.rejected, "the generator starts at the start") }
        return try await consume(info, chunks())
    }

    /// The object's bytes.
    func chunks() -> HTTPBodyChunks {
        HTTPBodyChunks { [self] in
            var state = seed
            var left = size
            return { [self] in
                guard left > 0 else { return nil }
                let count = Int(min(left, Int64(Self.piece)))
                left -= Int64(count)
                delivered.add(Int64(count), ordering: .relaxed)
                return Self.noise(count, &state)
            }
        }
    }

    /// SplitMix64 (Vigna), eight bytes a step.
    private static func noise(_ count: Int, _ state: inout UInt64) -> [UInt8] {
        [UInt8](unsafeUninitializedCapacity: count) { buffer, filled in
            var offset = 0
            while offset < count {
                state &+= 0x9E37_79B9_7F4A_7C15
                var word = state
                word = (word ^ word >> 30) &* 0xBF58_476D_1CE4_E5B9
                word = (word ^ word >> 27) &* 0x94D0_49BB_1331_11EB
                word ^= word >> 31
                withUnsafeBytes(of: word) { bytes in
                    let step = min(8, count - offset)
                    let place = UnsafeMutableRawBufferPointer(buffer)[offset..<offset + step]
                    UnsafeMutableRawBufferPointer(rebasing: place)
                        .copyMemory(from: UnsafeRawBufferPointer(rebasing: bytes[..<step]))
                }
                offset += 8
            }
            filled = count
        }
    }
}
