# Homebrew formula. `tools/package/manifests.sh` fills in the version and the checksums.
class Diarist < Formula
  desc "Speaker diarization: who spoke when, offline, with the networks inside"
  homepage "https://github.com/diarist/diarist"
  version "@VERSION@"
  license all_of: [{ any_of: ["MIT", "Apache-2.0"] }, "MIT", "CC-BY-4.0"]

  on_macos do
    on_arm do
      url "@DOWNLOADS@/diarist-@VERSION@-aarch64-apple-darwin.tar.gz"
      sha256 "@SHA256:aarch64-apple-darwin.tar.gz@"
    end
    on_intel do
      url "@DOWNLOADS@/diarist-@VERSION@-x86_64-apple-darwin.tar.gz"
      sha256 "@SHA256:x86_64-apple-darwin.tar.gz@"
    end
  end

  on_linux do
    on_arm do
      url "@DOWNLOADS@/diarist-@VERSION@-aarch64-unknown-linux-musl.tar.gz"
      sha256 "@SHA256:aarch64-unknown-linux-musl.tar.gz@"
    end
    on_intel do
      url "@DOWNLOADS@/diarist-@VERSION@-x86_64-unknown-linux-musl.tar.gz"
      sha256 "@SHA256:x86_64-unknown-linux-musl.tar.gz@"
    end
  end

  def install
    bin.install "diarist"
    man1.install Dir["man/*.1"]
    bash_completion.install "completions/diarist.bash" => "diarist"
    zsh_completion.install "completions/_diarist"
    fish_completion.install "completions/diarist.fish"
    doc.install "README.md", "CHANGELOG.md", "NOTICE"
  end

  service do
    run [opt_bin/"diarist", "serve", "--data", var/"diarist"]
    keep_alive true
  end

  test do
    assert_match version.to_s, shell_output("#{bin}/diarist --version")
    system bin/"diarist", "models", "verify"
  end
end
