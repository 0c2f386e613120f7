package main

// examples has those of each command, which its help and the manual page show. Remarks follow "  # ".
var examples = map[string]string{
	"": `producer submit 10403
producer submit -f numbers.txt --id monday --detach  # prints the id, and does not wait
producer wait monday  # prints the answers, from any machine
producer status  # server, queue, workers, jobs`,
	"submit": `producer submit 10403 18446744073709551557
producer submit -f numbers.txt -o factors.txt
seq 1 100000 | producer submit --json > factors.json
producer submit --range 999999999999:1000000001997:2 --chunk 43
producer submit --id monday --detach -f numbers.txt  # queues all, and does not wait
producer submit --budget 2h --priority low -f hard.txt
producer submit --kind exec:resize -f pictures.txt -o results.txt  # workers run a command for each line`,
	"plan": `producer plan -f numbers.txt  # what it would cost on this fleet; queues nothing
producer plan --json 10^120+7`,
	"wait": `producer wait monday
producer wait monday --json --deadline 1h`,
	"results": `producer results monday  # what is answered now
producer results monday --format csv -o monday.csv
producer results monday --status CF,C  # the numbers that are not factored completely
producer results monday --sort time -e | head  # those that took longest
producer results monday --slower-than 1m --json  # with where they were computed
producer results monday --since 2h --worker attic`,
	"status": `producer status
producer status monday --explain
producer status --json`,
	"top": `producer top
producer top monday  # begins with the numbers of a job`,
	"ls": `producer ls
producer ls --json`,
	"cancel": `producer cancel monday`,
	"finish": `producer finish monday  # ends it with what is known now
producer results monday`,
	"rm": `producer rm monday
producer rm --force monday  # cancels it first`,
	"pause":  `producer pause monday`,
	"resume": `producer resume monday`,
	"change": `producer change monday --rate 500/s --max-running 8
producer change monday --rate none`,
	"verify": `producer verify factors.txt
producer submit --json -f numbers.txt | producer verify -`,
	"find": `producer find 10403
producer find 340282366920938463463374607431768211457 --format factordb`,
	"cache export": `producer cache export > known.txt`,
	"cache import": `producer cache import known.txt`,
	"cache stats":  `producer cache stats`,
	"cache rm":     `producer cache rm 10403`,
	"dead ls": `producer dead ls
producer dead ls monday --json`,
	"dead show": `producer dead show monday`,
	"dead retry": `producer dead retry monday  # queues them again
producer wait monday`,
	"dead rm":     `producer dead rm monday`,
	"dead export": `producer dead export monday > again.txt`,
	"retry": `producer retry monday --unfinished --budget 2h --json
producer retry monday --unfinished --budget 24h --detach --id monday-long
producer retry monday --failed --failure 'no answer within'`,
	"workers ls": `producer workers ls
producer workers ls --json`,
	"workers quarantine": `producer workers quarantine attic`,
	"workers release":    `producer workers release attic`,
	"schema": `producer schema  # lists the outputs
producer schema result > result.schema.json`,
	"init": `producer init
producer init --replicas 3 --dry-run  # says what it would do, on a cluster
producer init --print-permissions`,
	"serve": `producer serve
producer serve -s nats://first:4222 --listen none`,
	"check queue":      `producer check queue --warn 1000 --critical 10000`,
	"check workers":    `producer check workers --warn 4: --critical 1:`,
	"check dead":       `producer check dead --critical 0`,
	"check job":        `producer check job monday`,
	"check supervisor": `producer check supervisor`,
	"events": `producer events --follow
producer events --follow --job monday --json`,
	"health": `producer health
producer health --ready --address 127.0.0.1:8223`,
	"unit": `producer unit --print systemd > /etc/systemd/system/factorfleet.service
producer unit --print k8s --image registry.lab/factorfleet:1 | kubectl apply -f -
producer unit --print grafana > dashboard.json`,
	"cheat": `producer cheat
producer cheat --context lab  # with the flags for that server`,
}
