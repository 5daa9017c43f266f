import Artifacts
import ContainerRegistry
import ModelAppAPI
import ReleasePlanning
import Selection

/// Older images than the latest, where rules about pairs may want one.
extension CodeResolver {
    /// How many older images are looked at: each costs a request or two, once.
    private static let maximumOlder = 7

    /// `answer` with the older images that count and the labels of all. What cannot be read is left out: it is no
    /// failure of the latest.
    /// - Parameter known: what was looked at already.
    func withAlternatives(
        _ answer: Answer,
        _ known: [ImageDescription],
        _ app: ModelApp,
        _ running: CodeVersion?,
        _ lookup: Lookup,
        _ wanted: [Platform],
        _ times: [String: Timestamp?]
    ) async -> Answer {
        var answer = answer
        var images = known
        let latest = answer.resolution.version?.tag
        let tags = (answer.resolution.outcome?.ranked ?? []).map(\.candidate.name).drop { $0 != latest }.dropFirst()
        for tag in tags.prefix(Self.maximumOlder) where tag != running?.tag {
            do throws(ScanFailure) {
                guard case .usable(let image) = try await look(tag, lookup, wanted) else { continue }
                images.append(image)
                answer.older.append(Self.version(tag, image, times))
            } catch {
                break
            }
        }
        let names = Set(app.spec.compatibility.map(\.codeLabel))
        guard !names.isEmpty else { return answer }
        // What runs has left the list, or was never in it: it is known by its digest.
        if let running, let digest = try? Digest(running.digest), !images.contains(where: { $0.digest == digest }),
            let image = try? await describe(digest, lookup)
        {
            images.append(image)
        }
        for image in images { answer.labels[image.digest.description] = image.labels.filter { names.contains($0.key) } }
        return answer
    }

    /// An image as the status says it.
    static func version(_ tag: String, _ image: ImageDescription, _ times: [String: Timestamp?]) -> CodeVersion {
        var version = CodeVersion()
        version.tag = tag
        version.digest = image.digest.description
        version.pushedAt = times[tag].flatMap { $0?.rfc3339 }
        version.platforms = Set(image.platforms.map(\.description)).sorted()
        return version
    }
}
