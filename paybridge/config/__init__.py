"""Gathers the options that each part declares, from a YAML file, the environment and files of secrets."""

from paybridge.config.errors import ConfigError
from paybridge.config.load import known_options, load_config
from paybridge.config.model import MASTER_KEY_FILE, Config
from paybridge.config.start import check_data_dir, check_edited, master_key_of
from paybridge.domain.permissions import Permissions, Role

__all__ = [
    "MASTER_KEY_FILE",
    "Config",
    "ConfigError",
    "Permissions",
    "Role",
    "check_data_dir",
    "check_edited",
    "known_options",
    "load_config",
    "master_key_of",
]
