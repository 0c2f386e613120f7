// Package unit prints files with which a worker or a supervisor is deployed: a unit of systemd, a Dockerfile, a file of
// Docker Compose, manifests of Kubernetes and KEDA, a dashboard of Grafana and alerting rules of Prometheus.
//
// The files are templates in the directory files. What a user gives is quoted for the format in which it stands, so that no
// name, URL or path can add lines or settings. Tests check each file with the tool that reads it.
package unit
