package natsconn_test

import (
	"testing"

	"factorfleet/internal/fleettest"
)

func TestMain(m *testing.M) { fleettest.Main(m) }
