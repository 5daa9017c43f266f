import Artifacts
import HTTPTypes

extension HTTPResponse {
    /// What S3's headers say about an object.
    func s3Info(
        key: String,
        size: Int64,
        version: String?,
        at place: String
    ) throws(ObjectStoreError) -> ObjectInfo {
        guard let modified = headerFields[.lastModified].flatMap({ Timestamp(httpDate: $0) }) else {
            throw ObjectStoreError(.malformedAnswer, "\(place): the answer has no time of modification")
        }
        return ObjectInfo(
            key: key,
            size: size,
            modified: modified,
            etag: EntityTag.bare(headerFields[.eTag]),
            versionID: S3Listing.version(headerFields[.amzVersionID]),
            checksum: s3Checksum,
            isCurrent: version == nil
        )
    }

    /// The strongest checksum of the whole content. `COMPOSITE` ones, which are of the parts' checksums and end at
    /// `-parts`, are none of the content.
    private var s3Checksum: StoredChecksum? {
        guard headerFields[.known("x-amz-checksum-type")] != "COMPOSITE" else { return nil }
        for algorithm in [StoredChecksum.Algorithm.sha256, .sha1, .crc64nvme, .crc32c, .crc32] {
            guard let text = headerFields[.known("x-amz-checksum-\(algorithm.rawValue)")] else { continue }
            if let checksum = StoredChecksum(algorithm, base64: text) { return checksum }
        }
        return nil
    }
}

extension Refusal {
    /// The error for S3's answer. `listing` is nil for requests about one object.
    func s3Error(
        at place: String,
        listing: ListRequest.Versions?,
        condition: ReadCondition
    ) -> ObjectStoreError {
        func make(_ kind: ObjectStoreError.Code, _ advice: String) -> ObjectStoreError {
            ObjectStoreError(kind, "\(place): \(summary): \(advice)", serverCode: code)
        }
        switch code {
        case "InvalidAccessKeyId", "SignatureDoesNotMatch":
            return make(.unauthorized, "the access key is wrong or was deleted; correct the Secret")
        case "ExpiredToken", "InvalidToken", "TokenRefreshRequired":
            return make(.unauthorized, "the session token has expired or is malformed; renew the credentials")
        case "RequestTimeTooSkewed", "RequestExpired":
            return make(.unauthorized, "the clock of this machine is wrong; set it by NTP")
        case "AuthorizationHeaderMalformed":
            return make(.unauthorized, "the bucket is in another region; set `region`")
        case "NoSuchBucket": return make(.containerNotFound, "there is no such bucket; correct `bucket` or `endpoint`")
        case "InvalidObjectState": return make(.archived, "the object is archived; restore it before it can be read")
        case "RequestTimeout", "SlowDown": return error(at: place)
        default: break
        }
        switch (status, listing) {
        case (403, .none?): return make(.denied, "the credentials need s3:ListBucket on the bucket")
        case (403, _?): return make(.denied, "the credentials need s3:ListBucketVersions on the bucket")
        case (404, _?):
            return make(.containerNotFound, "there is no such bucket, or no S3 here; correct `bucket` or `endpoint`")
        case (403, nil) where condition.versionID != nil:
            return make(.denied, "the credentials need s3:GetObjectVersion")
        case (403, nil):
            // Without s3:ListBucket S3 does not say whether a key exists.
            return make(.denied, "the credentials need s3:GetObject, and s3:ListBucket to tell an absent key")
        case (400, nil) where code == nil:
            // A HEAD has no body to say why; in practice it is an expired token.
            return make(.unauthorized, "the request is refused without a reason: expired credentials or a wrong region")
        case (404, nil),
            (405, nil) where isDeleteMarker:
            return condition.isNone
                ? make(.objectNotFound, "there is no such object")
                : make(.preconditionFailed, "the bytes seen before were deleted")
        default: return error(at: place)
        }
    }
}
