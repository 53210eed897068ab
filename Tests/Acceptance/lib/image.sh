# The image and the agents' programs, made once per clone. Needs ROOT, WORK, BOXD_DATA_DIR and boxd.

# Builds what is missing, and puts it into the data directory. boxd sets the modes there. Boxes must reach the agents'
# programs, and can't where only root may pass. So the programs are linked file by file.
use_image_and_agents() {
    local cache=$ROOT/.build/acceptance
    mkdir -p "$cache" "$BOXD_DATA_DIR/agents"
    boxd image build --data-dir "$cache" --if-missing --with agents 2>"$WORK/image.log" || { cat "$WORK/image.log" >&2; return 1; }
    ln -sfn "$cache/images" "$BOXD_DATA_DIR/images"
    cp -al "$cache/agents/." "$BOXD_DATA_DIR/agents" 2>/dev/null || cp -a "$cache/agents/." "$BOXD_DATA_DIR/agents"
}
