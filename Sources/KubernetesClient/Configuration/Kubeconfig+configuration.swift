import HTTPTransport

extension Kubeconfig {
    /// The configuration of a context.
    ///
    /// Reads certificate files once, a token file whenever it is due, and runs a credential plugin once to learn
    /// whether it issues a client certificate. Throws `configuration` naming what is missing and where.
    /// - Parameter context: the context's name; nil for the current one.
    public func configuration(
        context name: String? = nil,
        from sources: ConfigurationSources
    ) async throws(KubernetesError) -> ClusterConfiguration {
        let context = try context(name)
        guard let cluster = clusters[context.cluster] else {
            throw KubernetesError(
                .configuration,
                "\(context.origin).cluster: there is no cluster \"\(context.cluster)\""
            )
        }
        var configuration = ClusterConfiguration(server: try cluster.url(usesTLS: cluster.mentionsTLS))
        configuration.namespace = context.namespace
        configuration.trust = try cluster.trust(sources.files)
        configuration.tlsServerName = cluster.tlsServerName
        configuration.proxy = try cluster.proxy()
        if context.user.isEmpty { return configuration }
        guard let user = users[context.user] else {
            throw KubernetesError(.configuration, "\(context.origin).user: there is no user \"\(context.user)\"")
        }
        configuration.clientIdentity = try user.identity(sources.files)
        if let credential = try user.fixedCredential(sources) {
            configuration.credential = credential
        } else if let plugin = user.plugin {
            let issuer = PluginCredential(plugin, cluster: try cluster.info(sources.files), sources)
            if let identity = try await issuer.start() { configuration.clientIdentity = identity }
            configuration.credential = issuer
        }
        return configuration
    }

    private func context(_ name: String?) throws(KubernetesError) -> Context {
        let place = files.isEmpty ? "kubeconfig" : files.joined(separator: ", ")
        let known = contexts.isEmpty ? "it has none" : "it has \(contexts.keys.sorted().joined(separator: ", "))"
        if let name {
            guard let context = contexts[name] else {
                throw KubernetesError(.configuration, "\(place): there is no context \"\(name)\"; \(known)")
            }
            return context
        }
        guard let current = currentContext else {
            throw KubernetesError(
                .configuration,
                "\(place): current-context is not set; set it, or name a context; \(known)"
            )
        }
        guard let context = contexts[current] else {
            throw KubernetesError(.configuration, "\(place): current-context: there is no \"\(current)\"; \(known)")
        }
        return context
    }
}

extension Kubeconfig.Cluster {
    /// Whether anything says that the server speaks TLS, for a URL without a scheme (client-go `rest/url_utils.go`).
    var mentionsTLS: Bool { authorityData != nil || authorityFile != nil || skipsVerification }

    func fail(_ field: String, _ message: String) -> KubernetesError {
        KubernetesError(.configuration, "\(origin).\(field): \(message)")
    }

    func url(usesTLS: Bool) throws(KubernetesError) -> HTTPURL {
        guard !server.isEmpty else { throw fail("server", "is not set; it is the API server's URL") }
        let text = server.contains("://") ? server : (usesTLS ? "https://" : "http://") + server
        guard var url = HTTPURL(text), url.query == nil else {
            throw fail("server", "is not an http or https URL without user and query")
        }
        // A path is a prefix of every request: one slash too many would make another path.
        while url.path.count > 1, url.path.hasSuffix("/") { url.path.removeLast() }
        return url
    }

    func trust(_ files: FileReader) throws(KubernetesError) -> TLSTrust {
        let roots = try authority(files)
        guard skipsVerification else { return roots.map { .roots(pem: $0) } ?? .system }
        guard roots == nil else {
            throw fail("insecure-skip-tls-verify", "a certificate authority is given too; remove one of them")
        }
        return .insecure
    }

    func authority(_ files: FileReader) throws(KubernetesError) -> [UInt8]? {
        if let authorityData { return authorityData }
        guard let authorityFile else { return nil }
        let pem = try files.require(authorityFile, for: "\(origin).certificate-authority")
        guard PEMText.isPEM(pem) else { throw fail("certificate-authority", "\(authorityFile) is not a PEM file") }
        return pem
    }

    func proxy() throws(KubernetesError) -> HTTPURL? {
        guard let proxyURL else { return nil }
        guard let url = HTTPURL(proxyURL), url.scheme == "http", url.path == "/", url.query == nil else {
            throw fail("proxy-url", "only http://host:port without user and path is supported")
        }
        return url
    }

    /// What a plugin is told that asks for it.
    func info(_ files: FileReader) throws(KubernetesError) -> PluginCluster {
        PluginCluster(
            server: server,
            tlsServerName: tlsServerName,
            skipsVerification: skipsVerification,
            authority: try authority(files),
            proxyURL: proxyURL,
            configuration: pluginConfiguration
        )
    }
}

extension Kubeconfig.User {
    func fail(_ field: String, _ message: String) -> KubernetesError {
        KubernetesError(.configuration, "\(origin).\(field): \(message)")
    }

    /// A token or a password; nil where a plugin or a certificate must do.
    func fixedCredential(_ sources: ConfigurationSources) throws(KubernetesError) -> (any ClusterCredential)? {
        let hasToken = token != nil || tokenFile != nil
        let hasPassword = username != nil || password != nil
        guard !hasToken || !hasPassword else {
            throw KubernetesError(
                .configuration,
                "\(origin): a token and a username are given; only one of them is allowed"
            )
        }
        if let token, !HeaderText.isSafe(token) { throw fail("token", "holds a space or a control character") }
        if let tokenFile {
            let file = TokenFile(path: tokenFile, files: sources.files, time: sources.time, fallback: token)
            // A wrong path is reported now, not with the first request.
            _ = try file.header()
            return file
        }
        if let token { return BearerToken(token) }
        return hasPassword ? BasicCredential(username: username ?? "", password: password ?? "") : nil
    }

    func identity(_ files: FileReader) throws(KubernetesError) -> ClientIdentity? {
        let certificate = try pem(certificateData, certificateFile, "client-certificate", files)
        let key = try pem(keyData, keyFile, "client-key", files)
        switch (certificate, key) {
        case (let certificate?, let key?): return ClientIdentity(certificatePEM: certificate, keyPEM: key)
        case (nil, nil): return nil
        case (.some, nil): throw fail("client-key", "is missing, although there is a client-certificate")
        case (nil, .some): throw fail("client-certificate", "is missing, although there is a client-key")
        }
    }

    private func pem(
        _ data: [UInt8]?,
        _ file: String?,
        _ field: String,
        _ files: FileReader
    ) throws(KubernetesError) -> [UInt8]? {
        if let data { return data }
        guard let file else { return nil }
        let pem = try files.require(file, for: "\(origin).\(field)")
        guard PEMText.isPEM(pem) else { throw fail(field, "\(file) is not a PEM file") }
        return pem
    }
}
