package main

// examples has those of each command, which its help and the manual page show. Remarks follow "  # ".
var examples = map[string]string{
	"": `embedded submit 10403  # factors a number on this machine
seq 1 100000 | embedded submit -o factors.txt
embedded run --store ~/factorfleet-store  # a server and a worker for other programs`,
	"submit": `embedded submit 10403 18446744073709551557
embedded submit --range 999999999999:1000000001997:2 --chunk 43
seq 1 100000 | embedded submit -o factors.txt
embedded submit --certify --json 340282366920938463463374607431768211457
embedded submit --store ~/factorfleet-store --id long -f hard.txt  # goes on where it was stopped`,
	"plan": `embedded plan -f numbers.txt  # what it would cost on this machine`,
	"run": `embedded run --store ~/factorfleet-store
embedded run --listen 0.0.0.0:4222 --store ~/factorfleet-store --secure ~/factorfleet-keys`,
	"keys add":    `embedded keys add --secure ~/factorfleet-keys worker attic --src 10.0.0.0/8 --expires 720h`,
	"keys ls":     `embedded keys ls --secure ~/factorfleet-keys`,
	"keys revoke": `embedded keys revoke --secure ~/factorfleet-keys attic`,
	"keys renew":  `embedded keys renew --secure ~/factorfleet-keys --all`,
}
