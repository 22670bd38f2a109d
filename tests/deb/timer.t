#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# Proves that the timer comes disabled, and that from there on its state is the
# administrator's: through an upgrade, and a removal; a purge takes it along.
# systemd is installed here, but does not run.

# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "$0")/lib.sh"

# is_enabled STATE WHEN
timer_is() {
    is "$(systemctl is-enabled rdsca.timer 2>/dev/null)" "$1" "$2: $1"
}

apt_ok 'systemd' install systemd
apt_ok 'the lower version' install "$OLDER"/rdsca_*.deb
timer_is disabled 'the timer as it came'
apt_ok 'an upgrade' install "$DEBS"/rdsca_*.deb
timer_is disabled 'after an upgrade'

run_ok 'systemctl enable' systemctl enable rdsca.timer
apt_ok 'a reinstallation' install --reinstall "$DEBS"/rdsca_*.deb
timer_is enabled 'after a reinstallation'
apt_ok 'the lower version again' install --allow-downgrades \
    "$OLDER"/rdsca_*.deb
apt_ok 'an upgrade' install "$DEBS"/rdsca_*.deb
timer_is enabled 'after an upgrade'
apt_ok 'a removal' remove rdsca
apt_ok 'installed again' install "$DEBS"/rdsca_*.deb
timer_is enabled 'after a removal and an installation'

run_ok 'systemctl mask' systemctl mask rdsca.timer
apt_ok 'a reinstallation' install --reinstall "$DEBS"/rdsca_*.deb
timer_is masked 'after a reinstallation'
run_ok 'systemctl unmask' systemctl unmask rdsca.timer

install -m 644 -D /dev/null /var/lib/systemd/timers/stamp-rdsca.timer
apt_ok 'a purge' purge rdsca
is "$(find /etc/systemd /var/lib/systemd -name '*rdsca*')" '' \
    'nothing of it is left'
done_testing
