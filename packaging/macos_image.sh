#!/usr/bin/env bash
# Makes a disk image for macOS, out of the app that PyInstaller built: packaging/macos_image.sh VERSION
#
# With MEDSEG_SIGNING_IDENTITY the image is signed, and with MEDSEG_NOTARY_PROFILE (a keychain profile that
# `xcrun notarytool store-credentials` made) it is sent to Apple and stapled.
set -euo pipefail
cd "$(dirname "$0")/.."
version=${1:?say which version}
image=dist/medseg-$version-macos-$(uname -m).dmg
content=$(mktemp -d)
trap 'rm -rf "$content"' EXIT

cp -R dist/medseg.app "$content"
ln -s /Applications "$content/Applications"
rm -f "$image"
hdiutil create -volname "medseg $version" -srcfolder "$content" -format ULFO "$image"
if [ -n "${MEDSEG_SIGNING_IDENTITY:-}" ]; then
  codesign --sign "$MEDSEG_SIGNING_IDENTITY" --timestamp "$image"
fi
if [ -n "${MEDSEG_NOTARY_PROFILE:-}" ]; then
  xcrun notarytool submit "$image" --keychain-profile "$MEDSEG_NOTARY_PROFILE" --wait
  xcrun stapler staple "$image"
fi
