import Artifacts
import HTTPTypes

extension HTTPResponse {
    /// What Azure's headers say about a blob. For a range, `Content-MD5` is of the range and
    /// `x-ms-blob-content-md5` of the whole.
    func azureInfo(
        key: String,
        size: Int64,
        version: String?,
        isRange: Bool,
        at place: String
    ) throws(ObjectStoreError) -> ObjectInfo {
        guard let modified = headerFields[.lastModified].flatMap({ Timestamp(httpDate: $0) }) else {
            throw ObjectStoreError(.malformedAnswer, "\(place): the answer has no time of modification")
        }
        let md5 = headerFields[.msBlobMD5] ?? (isRange ? nil : headerFields[.known("Content-MD5")])
        return ObjectInfo(
            key: key,
            size: size,
            modified: modified,
            etag: EntityTag.bare(headerFields[.eTag]),
            versionID: headerFields[.msVersionID].flatMap { $0.isEmpty ? nil : $0 },
            checksum: md5.flatMap { StoredChecksum(.md5, base64: $0) },
            isCurrent: headerFields[.msIsCurrentVersion].map { $0 == "true" } ?? (version == nil),
            isFolder: headerFields[.msResourceType] == "directory"
        )
    }
}

extension Refusal {
    /// The error for Azure's answer.
    func azureError(at place: String, isListing: Bool, condition: ReadCondition) -> ObjectStoreError {
        func make(_ kind: ObjectStoreError.Code, _ advice: String) -> ObjectStoreError {
            ObjectStoreError(kind, "\(place): \(summary): \(advice)", serverCode: code)
        }
        switch code {
        case "AuthenticationFailed", "InvalidAuthenticationInfo":
            return make(
                .unauthorized,
                "the key, signature or token is wrong or expired, or this machine's clock is; correct the Secret"
            )
        case "NoAuthenticationInformation": return make(.unauthorized, "the container needs credentials")
        case "PublicAccessNotPermitted":
            return make(.denied, "the account allows no anonymous access; name a Secret or an identity")
        case "KeyBasedAuthenticationNotPermitted":
            return make(.denied, "the account allows no keys; use an identity")
        case "AuthorizationFailure", "IpAuthorizationFailure", "AuthorizationSourceIPMismatch":
            return make(.denied, "the account's firewall or the signature's address range refuses this machine")
        case "AuthorizationPermissionMismatch", "InsufficientAccountPermissions":
            return make(.denied, isListing ? AzureAdvice.list : AzureAdvice.read)
        case "AccountIsDisabled": return make(.denied, "the storage account is disabled")
        case "ContainerNotFound", "ContainerBeingDeleted", "ContainerDisabled":
            return make(.containerNotFound, "there is no such container; correct `account` or `container`")
        case "BlobArchived", "BlobBeingRehydrated":
            return make(.archived, "the blob is in the archive tier; rehydrate it before it can be read")
        case "ServerBusy", "OperationTimedOut": return error(at: place)
        default: break
        }
        switch status {
        case 403: return make(.denied, isListing ? AzureAdvice.list : AzureAdvice.read)
        case 404 where isListing:
            // Anonymous requests get ResourceNotFound for what they may not see.
            return make(.containerNotFound, "there is no such container, or it cannot be seen without credentials")
        case 404:
            return condition.isNone
                ? make(.objectNotFound, "there is no such blob")
                : make(.preconditionFailed, "the bytes seen before were deleted")
        default: return error(at: place)
        }
    }
}

private enum AzureAdvice {
    static let list = "the signature needs permission `l`, an identity the role Storage Blob Data Reader"
    static let read = "the signature needs permission `r`, an identity the role Storage Blob Data Reader"
}
