import Artifacts
import HTTPTransport
import HTTPTypes

/// Buckets.
extension EmulatedS3 {
    func listBuckets() throws -> LocalResponse {
        let buckets = try shelf.containers()
        return answer("ListAllMyBucketsResult") { result in
            result.element("Owner") { $0.element("ID", "owner") }
            result.element("Buckets") { list in
                for (name, created) in buckets {
                    list.element("Bucket") { bucket in
                        bucket.element("Name", name)
                        bucket.element("CreationDate", created.s3Date)
                    }
                }
            }
        }
    }

    func createBucket(_ call: Call) async throws -> LocalResponse {
        let name = call.bucket
        let isValid =
            (3...63).contains(name.utf8.count) && !name.contains("..")
            && name.utf8.allSatisfy { (97...122).contains($0) || (48...57).contains($0) || $0 == 45 || $0 == 46 }
            && !name.hasPrefix("-") && !name.hasPrefix(".") && !name.hasSuffix("-") && !name.hasSuffix(".")
        guard isValid else {
            throw S3Failure(.badRequest, "InvalidBucketName", "The specified bucket is not valid.")
        }
        if call.request.headerFields[.contentLength].map({ $0 != "0" }) == true {
            let configuration = try await document(call, "CreateBucketConfiguration")
            let region = configuration.value("LocationConstraint") ?? access.region
            guard region == access.region else {
                throw S3Failure(
                    .badRequest,
                    "IllegalLocationConstraintException",
                    "this store is in \(access.region), not \(region)"
                )
            }
        }
        guard try shelf.create(name) else {
            throw S3Failure(.conflict, "BucketAlreadyOwnedByYou", "The bucket you tried to create already exists.")
        }
        return LocalResponse(.ok, [.location: "/" + name])
    }

    func headBucket(_ call: Call) throws -> LocalResponse {
        _ = try shelf.container(call.bucket)
        return LocalResponse(.ok, [.amzBucketRegion: access.region])
    }

    func deleteBucket(_ call: Call) throws -> LocalResponse {
        try shelf.remove(call.bucket, onlyIfEmpty: true)
        return LocalResponse(.noContent)
    }

    func bucketLocation(_ call: Call) throws -> LocalResponse {
        _ = try shelf.container(call.bucket)
        var xml = XMLText()
        // The first region has no name here.
        let region = access.region == "us-east-1" ? "" : access.region
        xml.element("LocationConstraint", namespace: EmulatedS3.namespace) { $0.append(region) }
        return LocalResponse(.ok, text: xml.text, type: "application/xml")
    }

    func versioning(_ call: Call) throws -> LocalResponse {
        let state = try shelf.container(call.bucket).versioning
        return answer("VersioningConfiguration") { configuration in
            switch state {
            case .never: break
            case .enabled: configuration.element("Status", "Enabled")
            case .suspended: configuration.element("Status", "Suspended")
            }
        }
    }

    func setVersioning(_ call: Call) async throws -> LocalResponse {
        switch try await document(call, "VersioningConfiguration").value("Status") {
        case "Enabled": try shelf.setVersioning(.enabled, of: call.bucket)
        case "Suspended": try shelf.setVersioning(.suspended, of: call.bucket)
        default: throw S3Failure.malformedXML
        }
        return LocalResponse(.ok)
    }
}
