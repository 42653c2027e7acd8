"""What a request tells the application."""

from waitress.task import WSGITask

from app.api.doors.entrance import PORT_OF


class Task(WSGITask):
    def get_environment(self) -> dict[str, object]:
        environ: dict[str, object] = super().get_environment()
        if self.channel.port_of is not None:
            environ[PORT_OF] = self.channel.port_of
        # waitress would log it with an error, and there can be a key in it.
        self.request.path = ""
        return environ
