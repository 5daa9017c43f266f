public import Artifacts
import COpenSSL

/// Certificates that are trusted, and the chains that end at one of them.
public struct CertificateStore: Sendable, Hashable {
    /// The trusted certificates: authorities, or single signers.
    public let anchors: [Certificate]

    private static let noMemory = TrustError(.untrusted, "no memory to verify a certificate")

    /// The longest chain that is followed.
    static let maximumDepth = 8

    /// The certificates of a PEM file. Throws `noCertificate` where there is none.
    public init(pem: [UInt8]) throws(TrustError) {
        guard pem.count <= SigningIdentity.maximumBytes else {
            throw TrustError(.tooCostly, "trusted certificates are at most 1 MiB")
        }
        let material = try PEMReader(password: nil, budget: DecryptionBudget()).read(SecretBytes(pem))
        guard !material.certificates.isEmpty else {
            throw TrustError(.noCertificate, "there is no certificate in PEM: -----BEGIN CERTIFICATE-----")
        }
        anchors = material.certificates
    }

    /// Checks that `leaf` may sign code: that a chain through `intermediates` ends at a trusted certificate, each
    /// certificate of it valid at `time`, issued by an authority within its name constraints, and for signing code.
    ///
    /// Hashes and keys below 112 bits of security do not count. Revocation is not asked for. Throws `untrusted`.
    /// - Returns: the chain, `leaf` first.
    public func verify(
        _ leaf: Certificate,
        intermediates: [Certificate],
        at time: Timestamp
    ) throws(TrustError) -> [Certificate] {
        let chain = try chain(leaf, intermediates, at: time)
        try leaf.requireCodeSigning()
        // What was put into the store is trusted as it is; what came with a signature is not.
        for authority in chain.dropFirst() where !anchors.contains(authority) {
            try authority.requireAuthorityForCodeSigning()
        }
        return chain
    }

    private func chain(
        _ leaf: Certificate,
        _ intermediates: [Certificate],
        at time: Timestamp
    ) throws(TrustError) -> [Certificate] {
        ERR_clear_error()
        defer { ERR_clear_error() }
        let leafHandle = try leaf.handle()
        guard intermediates.count <= KeyMaterial.maximumCount else {
            throw TrustError(.tooCostly, "there are more than \(KeyMaterial.maximumCount) certificates")
        }
        guard let untrusted = CertificateStack() else { throw Self.noMemory }
        for certificate in intermediates { try untrusted.push(certificate) }
        let store = try openSSLStore(at: time)
        guard let context = OpenSSLHandle(X509_STORE_CTX_new(), { X509_STORE_CTX_free($0) }),
            X509_STORE_CTX_init(context.pointer, store.pointer, leafHandle.pointer, untrusted.pointer) == 1
        else { throw Self.noMemory }
        guard X509_verify_cert(context.pointer) == 1 else {
            let reason = X509_verify_cert_error_string(Int(X509_STORE_CTX_get_error(context.pointer)))
            let culprit = X509_STORE_CTX_get_current_cert(context.pointer).flatMap { try? Certificate($0) }
            throw TrustError(
                .untrusted,
                "the certificate of \((culprit ?? leaf).subject): "
                    + (reason.map { String(cString: $0) } ?? "cannot be verified")
            )
        }
        let verified = X509_STORE_CTX_get0_chain(context.pointer)
        var chain: [Certificate] = []
        for index in 0..<OPENSSL_sk_num(verified) {
            guard let certificate = OPENSSL_sk_value(verified, index) else { continue }
            chain.append(try Certificate(OpaquePointer(certificate)))
        }
        return chain
    }

    /// OpenSSL's form of the store, which looks at certificates as of `time`.
    func openSSLStore(at time: Timestamp) throws(TrustError) -> OpenSSLHandle {
        guard let store = OpenSSLHandle(X509_STORE_new(), { X509_STORE_free($0) }),
            let parameters = X509_STORE_get0_param(store.pointer)
        else { throw Self.noMemory }
        for anchor in anchors {
            let handle = try anchor.handle()
            // The store counts references of its own.
            X509_STORE_add_cert(store.pointer, handle.pointer)
        }
        X509_VERIFY_PARAM_set_time(parameters, time_t(time.seconds))
        X509_VERIFY_PARAM_set_depth(parameters, Int32(Self.maximumDepth))
        X509_VERIFY_PARAM_set_auth_level(parameters, 2)
        // An authority below the root, or one signer, may be all that is trusted.
        X509_VERIFY_PARAM_set_flags(parameters, UInt(X509_V_FLAG_PARTIAL_CHAIN))
        return store
    }
}

/// Certificates as OpenSSL takes them.
private struct CertificateStack: ~Copyable {
    let pointer: OpaquePointer

    /// An empty stack; nil where there is no memory.
    init?() {
        guard let stack = OPENSSL_sk_new_null() else { return nil }
        pointer = stack
    }

    func push(_ certificate: Certificate) throws(TrustError) {
        let handle = try certificate.handle()
        // One reference is the stack's, which gives it back at its end.
        X509_up_ref(handle.pointer)
        OPENSSL_sk_push(pointer, UnsafeRawPointer(handle.pointer))
    }

    deinit {
        while let certificate = OPENSSL_sk_pop(pointer) { X509_free(OpaquePointer(certificate)) }
        OPENSSL_sk_free(pointer)
    }
}
