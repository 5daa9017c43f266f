/// The ModelApp of the demo: `manifests/examples/tutorial.yaml`, which a test keeps equal.
enum Tutorial {
    static let text = """
        # The application of Microsoft's article "CI/CD for AI apps", as one object: developers push images whose tags are
        # build ids, data scientists overwrite two blobs, and production runs the latest of both, as one container.
        apiVersion: modelapp.dev/v1alpha1
        kind: ModelApp
        metadata:
          name: image-classifier
          namespace: prod
        spec:
          interval: 1s
          code:
            image: acrforblog.azurecr.io/model-api
            select:
              numerical: {}
          model:
            azureBlob:
              account: devopsblogstorage
              container: pretrainedmodel
            objects: [ResNet_152.model, synset.txt]
            complete:
              settle: 3s
            auth:
              secretRef:
                name: blob-key
          delivery:
            mode: Baked
            baked:
              repository: acrforblog.azurecr.io/model-api-baked
          target:
            own:
              template:
                spec:
                  containers:
                    - name: model-api
                      ports:
                        - containerPort: 88
            service:
              type: LoadBalancer
              ports:
                - port: 80
                  targetPort: 88
          rollout:
            windows:
              # Open in every minute, so that a demo need not wait for the night; nightly.yaml has the article's window.
              - name: any-minute
                cron: "* * * * *"
                duration: 1m
                timeZone: UTC
        """ + "\n"
}
