import Artifacts
import ContainerRegistry
import HTTPTransport
import Selection

/// The times by which `newest` goes where the registry tells no push times: those at which the images say they were built.
extension CodeResolver {
    /// How many tags are looked at: each costs a request an interval, and two or three more once for each image.
    static let maximumDated = 100
    /// How many at the same time.
    private static let datedAtOnce = 4
    /// Builds that are to be reproducible say 1970, or 1980 where an archive of theirs cannot say less.
    private static let firstCredible = Timestamp(seconds: 347_155_200).milliseconds

    /// What images say of themselves.
    struct BuildTimes: Sendable {
        /// When each was built, by tag; those that do not say are missing.
        var built: [String: UnixMilliseconds] = [:]
        /// Those that cannot be read.
        var obstacles: [String: Rejection] = [:]
    }

    /// The build times of the candidates for which `rules` want a time; nil where they want none, or the registry tells
    /// times.
    func buildTimes(
        of candidates: [Candidate],
        _ rules: SelectionRules,
        _ lookup: Lookup
    ) async throws(ScanFailure) -> BuildTimes? {
        guard case .newest = rules.policy, rules.pin == nil, !candidates.isEmpty,
            candidates.allSatisfy({ $0.time == nil })
        else { return nil }
        // What the spec excludes needs no time.
        let wanted = rules.select(from: candidates, now: 0).rejected.filter { $0.reason == .timeUnknown }.map(\.name)
        guard wanted.count <= Self.maximumDated else {
            throw ScanFailure(
                reason: "TooManyTags",
                message:
                    "spec.code.select.newest: \(lookup.repository.registry) tells no push times, and the build times "
                    + "of \(wanted.count) images are too many to read; let spec.code.filter match at most "
                    + "\(Self.maximumDated) tags, or select by semver, number or alphabet"
            )
        }
        let results = await withTaskGroup(of: (String, Result<Timestamp?, ScanFailure>).self) { group in
            var results: [(String, Result<Timestamp?, ScanFailure>)] = []
            for (index, tag) in wanted.enumerated() {
                if index >= Self.datedAtOnce, let result = await group.next() { results.append(result) }
                group.addTask { (tag, await buildTime(of: tag, lookup)) }
            }
            for await result in group { results.append(result) }
            return results
        }
        var times = BuildTimes()
        for (tag, result) in results {
            do throws(ScanFailure) {
                guard let built = try result.get()?.milliseconds, built > Self.firstCredible else { continue }
                times.built[tag] = built
            } catch {
                guard error.isUnusable else { throw error }
                times.obstacles[tag] = .notPullable(reason: error.message)
            }
        }
        return times
    }

    /// When the image that runs was built, where its tag has left the list.
    func buildTime(ofRunning digest: String, _ lookup: Lookup) async -> UnixMilliseconds? {
        guard let digest = try? Digest(digest), let built = try? await describe(digest, lookup).created?.milliseconds,
            built > Self.firstCredible
        else { return nil }
        return built
    }

    private func buildTime(of tag: String, _ lookup: Lookup) async -> Result<Timestamp?, ScanFailure> {
        do throws(ScanFailure) {
            guard let digest = try await digest(of: tag, lookup) else {
                return .failure(ScanFailure(reason: "NotFound", message: "the registry lists it and does not have it"))
            }
            return .success(try await describe(digest, lookup).created)
        } catch {
            return .failure(error)
        }
    }
}
