# A contributor's verbs. What they do stands in scripts/.
.PHONY: run test bench soak fuzz cross fmt types icons setup

run:   ; @scripts/run
test:  ; @scripts/test
bench: ; @scripts/bench
soak:  ; @scripts/soak
fuzz:  ; @scripts/fuzz
cross: ; @scripts/cross
fmt:   ; @scripts/fmt
types: ; @scripts/types
icons: ; @scripts/icons
setup: ; @scripts/setup
