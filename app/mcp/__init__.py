"""The MCP server: tools by which agents run programs. It uses HTTP only, through `podline`."""
