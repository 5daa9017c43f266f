import Artifacts
import JSON

/// A signed payload with its type (secure-systems-lab/dsse, protocol and envelope).
struct DSSEEnvelope {
    /// What the payload is.
    let payloadType: String
    /// The payload.
    let payload: [UInt8]
    /// The one signature.
    let signature: [UInt8]

    /// Reads an envelope. Throws `malformed` where a member is missing, is no base64, or there is not exactly one
    /// signature (sigstore bundle v0.3).
    init(_ json: JSONValue) throws(TrustError) {
        guard let type = json["payloadType"]?.string,
            let payload = json["payload"]?.string.flatMap(Base64.decodeAnyForm)
        else { throw TrustError(.malformed, "the envelope has no payload") }
        let signatures = json["signatures"]?.array ?? []
        guard signatures.count == 1, let signature = signatures[0]["sig"]?.string.flatMap(Base64.decodeAnyForm),
            !signature.isEmpty
        else {
            throw TrustError(.malformed, "the envelope has not exactly one signature, but \(signatures.count)")
        }
        payloadType = type
        self.payload = payload
        self.signature = signature
    }

    /// The bytes that are signed: the pre-authentication encoding of type and payload.
    var signedBytes: [UInt8] { Self.encoding(of: payload, type: payloadType) }

    /// The pre-authentication encoding, `DSSEv1 <length> <type> <length> <payload>`.
    static func encoding(of payload: [UInt8], type: String) -> [UInt8] {
        Array("DSSEv1 \(type.utf8.count) \(type) \(payload.count) ".utf8) + payload
    }
}
