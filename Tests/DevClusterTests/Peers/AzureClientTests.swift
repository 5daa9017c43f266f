import DevCluster
import Foundation
import HTTPTransport
import TestSupport
import Testing

/// Microsoft's own client, azure-storage-blob, unchanged, against the emulated account.
@Suite(.timeLimit(.minutes(2)))
struct AzureClientTests {
    private let script = #"""
        import datetime, hashlib, os, sys
        from azure.core import MatchConditions
        from azure.core.exceptions import HttpResponseError, ResourceExistsError, ResourceModifiedError, ResourceNotFoundError
        from azure.storage.blob import (BlobServiceClient, BlobClient, ContainerClient, ContainerSasPermissions, BlobSasPermissions,
            AccountSasPermissions, ResourceTypes, BlobBlock, ContentSettings, generate_account_sas, generate_blob_sas,
            generate_container_sas)
        url, key = sys.argv[1], sys.argv[2]
        quick = dict(retry_total=0)
        service = BlobServiceClient(url, credential={"account_name": "dev", "account_key": key}, **quick)
        container = service.create_container("models")
        try:
            service.create_container("models"); raise SystemExit("created twice")
        except ResourceExistsError: pass
        assert [c.name for c in service.list_containers()] == ["models"]

        blob = container.get_blob_client("dir with space/ünïcode+%.bin")
        blob.upload_blob(b"hello", metadata={"stage": "prod"}, content_settings=ContentSettings(content_type="text/x-model",
            content_md5=bytearray(hashlib.md5(b"hello").digest())))
        try:
            blob.upload_blob(b"again"); raise SystemExit("overwritten")
        except ResourceExistsError: pass
        properties = blob.get_blob_properties()
        assert properties.size == 5 and properties.metadata == {"stage": "prod"}, properties
        assert properties.content_settings.content_type == "text/x-model"
        assert blob.download_blob(validate_content=True).readall() == b"hello"
        assert blob.download_blob(offset=1, length=3).readall() == b"ell"
        etag = properties.etag
        blob.upload_blob(b"changed", overwrite=True, etag=etag, match_condition=MatchConditions.IfNotModified)
        try:
            blob.download_blob(etag=etag, match_condition=MatchConditions.IfNotModified).readall(); raise SystemExit("stale")
        except ResourceModifiedError: pass
        blob.set_blob_metadata({"stage": "old"})
        assert blob.get_blob_properties().metadata == {"stage": "old"}

        # Large enough for blocks, and for a download in ranges.
        chunked = BlobServiceClient(url, credential={"account_name": "dev", "account_key": key}, max_single_put_size=1 << 20,
            max_block_size=1 << 20, max_single_get_size=1 << 20, max_chunk_get_size=1 << 20, **quick)
        data = os.urandom(5 * 1024 * 1024 + 17)
        large = chunked.get_blob_client("models", "large.bin")
        large.upload_blob(data, validate_content=True)
        assert large.download_blob(validate_content=True).readall() == data
        committed, waiting = large.get_block_list("all")
        assert len(committed) == 6 and waiting == [], (committed, waiting)
        large.stage_block("zz", b"x")
        container.get_blob_client("empty").upload_blob(b"")
        assert container.get_blob_client("empty").download_blob().readall() == b""

        for n in range(25): container.upload_blob(f"many/{n:02}", b"x")
        pages = [list(p) for p in container.list_blobs(name_starts_with="many/", results_per_page=10).by_page()]
        assert [len(p) for p in pages] == [10, 10, 5]
        assert [b.name for p in pages for b in p] == [f"many/{n:02}" for n in range(25)]
        listed = {b.name: b for b in container.list_blobs(include=["metadata"])}
        assert listed["dir with space/ünïcode+%.bin"].metadata == {"stage": "old"}
        assert listed["large.bin"].size == len(data) and listed["large.bin"].etag == large.get_blob_properties().etag.strip('"')
        assert sorted(b.name for b in container.walk_blobs()) == ["dir with space/", "empty", "large.bin", "many/"]

        hour = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(hours=1)
        sas = generate_blob_sas("dev", "models", "empty", account_key=key, permission=BlobSasPermissions(read=True), expiry=hour,
            content_type="text/sas")
        reader = BlobClient(url, "models", "empty", credential=sas, **quick)
        assert reader.download_blob().readall() == b""
        try:
            reader.delete_blob(); raise SystemExit("deleted with a read-only signature")
        except HttpResponseError as error: assert error.status_code == 403
        sas = generate_container_sas("dev", "models", account_key=key, permission=ContainerSasPermissions(read=True, list=True),
            expiry=hour, start=hour - datetime.timedelta(hours=2))
        public = ContainerClient(url, "models", credential=sas, **quick)
        assert public.get_blob_client("dir with space/ünïcode+%.bin").download_blob().readall() == b"changed"
        assert len(list(public.list_blobs())) == 28
        late = generate_container_sas("dev", "models", account_key=key, permission="rl", expiry=hour - datetime.timedelta(hours=2))
        try:
            list(ContainerClient(url, "models", credential=late, **quick).list_blobs()); raise SystemExit("expired")
        except HttpResponseError as error: assert error.status_code == 403
        sas = generate_account_sas("dev", key, ResourceTypes(container=True, object=True), AccountSasPermissions(read=True, list=True,
            write=True, delete=True), hour)
        account = BlobServiceClient(url, credential=sas, **quick)
        account.get_blob_client("models", "by-sas").upload_blob(b"1")
        account.get_blob_client("models", "by-sas").delete_blob()
        try:
            list(account.list_containers()); raise SystemExit("listed without the service level")
        except HttpResponseError as error: assert error.status_code == 403
        other = BlobServiceClient(url, credential={"account_name": "dev", "account_key": "AAAA"}, **quick)
        try:
            list(other.list_containers()); raise SystemExit("wrong key accepted")
        except HttpResponseError as error: assert error.status_code == 403
        blob.delete_blob()
        try:
            blob.get_blob_properties(); raise SystemExit("still there")
        except ResourceNotFoundError: pass
        service.delete_container("models")
        assert list(service.list_containers()) == []
        print("all of it works")
        """#

    @Test(
        .enabled("azure-storage-blob is not installed") { try await Tool.pythonRuns("azure.storage.blob") },
        arguments: [false, true]
    )
    func clientWorksUnchanged(_ onDisk: Bool) async throws {
        let python = try #require(
            try await Tool.python(with: "azure.storage.blob"),
            "azure-storage-blob is not installed"
        )
        let folder = try TemporaryFolder()
        let access = EmulatedAzureBlob.Access(account: "dev", key: Array("0123456789abcdef".utf8))
        let store = try EmulatedAzureBlob(access, folder: onDisk ? folder.path : nil, time: .system)
        try await withServer(store) { url in
            let output = try await python.succeed(["-c", script, url.origin + "/dev", access.encodedKey])
            #expect(output.contains("all of it works"))
        }
    }
}
