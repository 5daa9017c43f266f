import Artifacts
import HTTPTransport
import HTTPTypes
import Synchronization

/// Put Block, Put Block List, Get Block List.
extension EmulatedAzureBlob {
    func putBlock(
        _ name: ObjectName,
        in container: String,
        _ request: HTTPRequest,
        _ target: RequestTarget,
        _ body: HTTPBodyChunks
    ) async throws -> LocalResponse {
        guard let id = target.value("blockid"), let bytes = [UInt8](base64: id), (1...64).contains(bytes.count) else {
            throw AzureBlobFailure.invalidQuery("blockid is not the Base64 of 1 to 64 bytes")
        }
        _ = try shelf.container(container)
        let received = try await receive(body, request, md5: [.contentMD5])
        let key = stagingKey(name, container)
        do {
            let replaced = try staged.withLock { staged throws(AzureBlobFailure) in
                var blob = staged[key] ?? Staged()
                guard blob.blocks.keys.allSatisfy({ $0.utf8.count == id.utf8.count }) else {
                    throw AzureBlobFailure(
                        .badRequest,
                        "InvalidBlobOrBlock",
                        "the ids of a blob's blocks must have one length"
                    )
                }
                guard blob.blocks.count < EmulatedAzureBlob.maximumBlocks || blob.blocks[id] != nil else {
                    throw AzureBlobFailure(.conflict, "BlockCountExceedsLimit", "too many uncommitted blocks")
                }
                let replaced = blob.blocks.updateValue(received.content, forKey: id)
                staged[key] = blob
                return replaced
            }
            replaced?.discard()
        } catch {
            received.content.discard()
            throw error
        }
        return LocalResponse(.created, [.contentMD5: received.md5.base64, .azureRequestEncrypted: "true"])
    }

    func putBlockList(
        _ name: ObjectName,
        in container: String,
        _ request: HTTPRequest,
        _ body: HTTPBodyChunks
    ) async throws -> LocalResponse {
        guard let list = XMLElement(parsing: try await body.collect(upTo: 8 << 20)), list.name == "BlockList" else {
            throw AzureBlobFailure(.badRequest, "InvalidXmlDocument", "the block list is malformed")
        }
        let current = try shelf.object(name, in: container)
        let waiting = staged.withLock { $0[stagingKey(name, container)] ?? Staged() }
        // Each content with the bytes that are taken of it: of a committed blob, those of one block.
        var parts: [(content: StoredContent, range: Range<Int64>)] = []
        var blocks: [StoredObject.Block] = []
        for entry in list.children {
            let id = entry.text.trimmingSpaces
            let uncommitted = entry.name == "Committed" ? nil : waiting.blocks[id]
            if let uncommitted {
                parts.append((uncommitted, 0..<uncommitted.size))
            } else if entry.name != "Uncommitted", let current, let range = current.range(ofBlock: id) {
                parts.append((current.content, range))
            } else {
                throw AzureBlobFailure(.badRequest, "InvalidBlockList", "there is no block \(id.clipped)")
            }
            blocks.append(.init(id: id, size: parts.last.map { Int64($0.range.count) } ?? 0))
        }
        let joined = try await ReceivedContent(
            joining: parts,
            folder: shelf.folder,
            limit: EmulatedAzureBlob.maximumBytes
        )
        var object = StoredObject(joined.content, at: time.date())
        object.blocks = blocks
        object.describe(request.headerFields, fallbackType: nil)
        // The service does not compute the sum of a committed list; it keeps the one it is told.
        object.md5 = request.headerFields[.azureContentMD5].flatMap { [UInt8](base64: $0) }
        return try store(object, as: name, in: container, request)
    }

    func blockList(_ name: ObjectName, in container: String, _ target: RequestTarget) throws -> LocalResponse {
        let kind = target.value("blocklisttype") ?? "committed"
        let current = try shelf.object(name, in: container)
        let waiting = staged.withLock { $0[stagingKey(name, container)] }
        guard current != nil || waiting != nil else { throw AzureBlobFailure.blobNotFound }
        var xml = XMLText()
        func write(_ id: String, _ size: Int64, to list: inout XMLText) {
            list.element("Block") { block in
                block.element("Name", id)
                block.element("Size", String(size))
            }
        }
        xml.element("BlockList") { list in
            if kind != "uncommitted" {
                list.element("CommittedBlocks") {
                    for block in current?.blocks ?? [] { write(block.id, block.size, to: &$0) }
                }
            }
            if kind != "committed" {
                list.element("UncommittedBlocks") { inside in
                    for (id, content) in (waiting?.blocks ?? [:]).sorted(by: { $0.key < $1.key }) {
                        write(id, content.size, to: &inside)
                    }
                }
            }
        }
        return LocalResponse(.ok, text: xml.text, type: "application/xml")
    }
}

extension StoredObject {
    /// Where a committed block lies in the content.
    fileprivate func range(ofBlock id: String) -> Range<Int64>? {
        var start: Int64 = 0
        for block in blocks {
            if block.id == id { return start..<start + block.size }
            start += block.size
        }
        return nil
    }
}
