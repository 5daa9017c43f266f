import Artifacts
import ContainerRegistry
import HTTPTransport
import KubernetesAPI
public import ModelAppAPI
import ObjectStorage
public import ReleasePlanning
public import Schedules
import Selection

/// Reading what the sources hold, with its times, for a look into the past.
extension Resolver {
    /// The most objects that are read for a look into the past.
    private static var maximumObjects: Int { 1_000_000 }

    /// Everything that both sources of `app` hold. Throws the failure of the half that cannot be read.
    public func record(of app: ModelApp) async throws(ResolutionFailure) -> SourceRecord {
        let tags: [TagListing]
        do throws(ScanFailure) {
            tags = try await code.everything(of: app)
        } catch {
            throw ResolutionFailure(code: error, app.spec)
        }
        var record: SourceRecord
        do throws(ScanFailure) {
            record = try await model.everything(of: app, upTo: Self.maximumObjects)
        } catch {
            throw ResolutionFailure(model: error, app.spec.model)
        }
        // A tag without a time is taken to have been there for ever, and old enough.
        record.tags = tags.map { Candidate(name: $0.name, time: $0.pushedAt?.milliseconds, firstSeen: 0) }
        for tag in tags { record.digests[tag.name] = tag.digest?.description }
        return record
    }

    /// The clocks of the time zones that `spec` names, as far as they are known.
    public func zones(of spec: ModelAppSpec) -> [String: TimeZoneRules] { zones.rules(spec.rollout.timeZones) }
}

extension CodeResolver {
    /// Every tag, with the times and digests that the listing has.
    fileprivate func everything(of app: ModelApp) async throws(ScanFailure) -> [TagListing] {
        let (_, lookup) = try await lookup(app, isRequested: false)
        let (client, repository) = (lookup.client, lookup.repository)
        do throws(RegistryError) {
            return try await client.tags(of: repository)
        } catch {
            throw ScanFailure(error)
        }
    }
}

extension ModelResolver {
    /// Every object below the prefix, and what the pointer says.
    fileprivate func everything(of app: ModelApp, upTo limit: Int) async throws(ScanFailure) -> SourceRecord {
        guard case .store(let store) = try await open(app, credentials(of: app)) else {
            throw ScanFailure(
                reason: "NotSupported",
                message:
                    "spec.model: the past is looked into where models lie in folders of a blob store, and not elsewhere"
            )
        }
        var record = SourceRecord(tags: [], objects: [])
        do throws(ObjectStoreError) {
            var objects: [BlobObject] = []
            try await store.store.list(prefix: store.prefix) { info throws(ObjectStoreError) in
                guard objects.count < limit else {
                    throw ObjectStoreError(.tooLarge, "\(store.uri) holds more than \(limit) objects")
                }
                if !info.isFolder { objects.append(BlobObject(info)) }
                return .continue
            }
            record.objects = objects
            guard let pointer = app.spec.model.pointer else { return record }
            let (info, bytes) = try await store.store.bytes(of: store.prefix + pointer.key, upTo: 4096)
            do throws(SelectionError) {
                let version = try PointerText(bytes).version
                record.pointer = SourceRecord.Pointer(version: version, modified: info.modified.milliseconds)
            } catch {
                throw ObjectStoreError(.malformedAnswer, "spec.model.pointer.key: \(pointer.key.clipped): \(error)")
            }
            return record
        } catch {
            throw ScanFailure(error)
        }
    }
}
