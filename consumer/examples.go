package main

// examples has those of each command, which its help and the manual page show. Remarks follow "  # ".
var examples = map[string]string{
	"": `consumer run  # a worker of the server on this machine
consumer run -s nats://first:4222 -n 4 --name attic  # four tasks at a time`,
	"run": `consumer run
consumer run -s tls://first:4222 --creds worker-1.creds
consumer run -n 4 --name attic --nice 19 --active 22:00-07:00
consumer run --exec 'resize:args=./resize.sh' --label gpu
consumer run --exit-when-idle 10m --max-time 8h  # for a machine that is lent`,
	"health": `consumer health --ready`,
	"unit": `consumer unit --print systemd -s tls://nats.lab:4222 --creds /etc/factorfleet/nats.creds
consumer unit --print docker > Dockerfile
consumer unit --print compose > compose.yaml
consumer unit --print k8s --image registry.lab/factorfleet:1 | kubectl apply -f -`,
	"bench": `consumer bench`,
}
